//! Threads for work that takes the processor, behind everything that records.

use tokio::sync::oneshot;

use super::lower_priority;

/// How much less such a thread is worth than one that records, in steps of `nice`.
const NICER: i32 = 5;

/// Runs `work` in a thread called `name` (15 characters are shown) to its end. The thread is its own and
/// not one of the pool: what is made less urgent stays so.
///
/// # Errors
/// If the system gives no thread, or the work ends by a fault in the program.
pub async fn aside(name: &str, work: impl FnOnce() + Send + 'static) -> anyhow::Result<()> {
    let (done, is_done) = oneshot::channel();
    let run = move || {
        lower_priority(NICER);
        work();
        let _ = done.send(());
    };
    std::thread::Builder::new().name(name.to_owned()).spawn(run)?;
    is_done.await.map_err(|_| anyhow::anyhow!("its thread ended by a fault in the program"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_work_is_done_and_a_fault_in_it_is_told() {
        let (sent, got) = oneshot::channel();
        aside("test", move || sent.send(7).unwrap()).await.unwrap();
        assert_eq!(got.await.unwrap(), 7);
        assert!(aside("test", || panic!("a fault")).await.is_err());
    }
}
