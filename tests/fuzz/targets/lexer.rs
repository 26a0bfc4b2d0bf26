//! A line of configuration: every word lies inside the line, none begins before the one before it (the members of an
//! expanded list share a place), and reading it twice gives the same.
#![no_main]

libfuzzer_sys::fuzz_target!(|line: &str| {
    let Ok(words) = lang::lex_line(line) else { return };
    let mut last = 0;
    for word in &words {
        let (start, end) = (word.span.start, word.span.end);
        assert!(last <= start && start <= end && end as usize <= line.len(), "{word:?} in {line:?}");
        last = start;
    }
    let again = lang::lex_line(line).expect("it was read before");
    assert!(words.iter().map(|word| &word.text).eq(again.iter().map(|word| &word.text)));
});
