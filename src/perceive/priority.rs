//! Who stands back behind recording where the processor is short.

/// Lowers the priority of this thread alone, for good: `nice` as in nice(1).
///
/// On Linux setpriority(2) of "this process" is about the calling thread. Only threads of our own may call it: a
/// thread that was lowered cannot be raised again.
pub(super) fn lower_priority(nice: i32) {
    if let Err(e) = rustix::process::setpriority_process(None, nice) {
        // Whoever started us lower than that.
        tracing::debug!("the priority of a thread cannot be lowered: {e}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_thread_that_asks_stands_back() {
        let nice = || rustix::process::getpriority_process(None).unwrap();
        let before = nice();
        let lowered = std::thread::spawn(move || {
            lower_priority(before + 3);
            nice()
        });
        assert_eq!(lowered.join().unwrap(), before + 3);
        assert_eq!(nice(), before);
    }
}
