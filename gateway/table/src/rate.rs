//! HAProxy's frequency counter: the events of this period and of the one before. A reading adds to those of this period
//! the share of the last one that still lies within a period's length.

/// A counter's words: when its period began, the events in it, the events in the one before.
pub(crate) type Rate = [u32; 3];

/// Counts so many events.
pub(crate) fn add(rate: &mut Rate, period: u32, now: u32, events: u32) {
    turn(rate, period, now);
    rate[1] = rate[1].saturating_add(events);
}

/// The events in a period's length up to now, as HAProxy estimates them.
pub(crate) fn read(rate: &Rate, period: u32, now: u32) -> u32 {
    let mut rate = *rate;
    turn(&mut rate, period, now);
    let [began, current, past] = rate;
    // a lone event would be none as soon as its period is over
    if current == 0 && past <= 1 {
        return past;
    }
    let left = u64::from(period.saturating_sub(now.wrapping_sub(began)));
    let share = u64::from(past) * left / u64::from(period.max(1));
    current.saturating_add(u32::try_from(share).unwrap_or(u32::MAX))
}

/// Makes it read this much.
pub(crate) fn set(rate: &mut Rate, now: u32, events: u32) {
    *rate = [now, events, 0];
}

/// Goes on to the period that it is.
fn turn(rate: &mut Rate, period: u32, now: u32) {
    let [began, current, _] = *rate;
    let since = now.wrapping_sub(began);
    if since < period {
        return;
    }
    *rate = match since - period {
        late if late < period => [began.wrapping_add(period), 0, current],
        _ => [now, 0, 0],
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_full_for_a_period_and_then_fades() {
        let mut rate = Rate::default();
        add(&mut rate, 2000, 100_000, 10);
        let seen: Vec<u32> = [0, 1999, 2000, 2500, 3000, 3500, 3999, 4000]
            .into_iter()
            .map(|after| read(&rate, 2000, 100_000 + after))
            .collect();
        assert_eq!(seen, [10, 10, 10, 7, 5, 2, 0, 0]);
    }

    #[test]
    fn one_event_is_seen_for_two_periods() {
        let mut rate = Rate::default();
        add(&mut rate, 2000, 100_000, 1);
        assert_eq!(read(&rate, 2000, 103_999), 1);
        assert_eq!(read(&rate, 2000, 104_000), 0);
        add(&mut rate, 2000, 102_800, 1);
        assert_eq!(read(&rate, 2000, 102_800), 1);
    }

    #[test]
    fn it_never_reads_more_than_two_periods_had() {
        let (mut rate, mut random) = (Rate::default(), fastrand::Rng::with_seed(7));
        let (mut now, mut events) = (u32::MAX - 50_000, Vec::new());
        for _ in 0..10_000 {
            now = now.wrapping_add(random.u32(0..400));
            let count = random.u32(0..5);
            add(&mut rate, 1000, now, count);
            events.push((now, count));
            let within = |length| {
                let recent = events.iter().rev().take_while(|(at, _)| now.wrapping_sub(*at) < length);
                recent.map(|(_, count)| count).sum::<u32>()
            };
            let read = read(&rate, 1000, now);
            assert!(read <= within(2000) && read >= count, "{read} at {now}");
        }
    }

    #[test]
    fn it_does_not_overflow() {
        let mut rate = Rate::default();
        add(&mut rate, 1000, 5000, u32::MAX);
        add(&mut rate, 1000, 5000, u32::MAX);
        assert_eq!(read(&rate, 1000, 6001), 4_290_672_327);
        add(&mut rate, 1000, 6001, u32::MAX);
        assert_eq!(read(&rate, 1000, 6001), u32::MAX);
    }
}
