//! A line of configuration: every word lies inside the line, in order, and reading it twice gives the same.
#![no_main]

libfuzzer_sys::fuzz_target!(|line: &str| {
    let Ok(words) = lang::lex_line(line) else { return };
    let mut last = 0;
    for word in &words {
        let (start, end) = (word.span.start, word.span.end);
        assert!(last <= start && start <= end && end as usize <= line.len(), "{word:?} in {line:?}");
        last = end;
    }
    let again = lang::lex_line(line).expect("it was read before");
    assert!(words.iter().map(|word| &word.text).eq(again.iter().map(|word| &word.text)));
});
