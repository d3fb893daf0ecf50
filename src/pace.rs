//! A runtime that looks for what has arrived at a pace, instead of at every packet.
//!
//! A camera's picture comes in some fifteen packets, and sixteen cameras send all the time: a recorder
//! that is woken for each spends more on waking up than on recording. One thread serves all streams
//! here. When there is nothing left to do it sleeps for [`PACE`] before it waits for the sockets again, and
//! finds what every camera has sent meanwhile. Nothing is lost by it: the sockets hold what arrives, and it
//! is late by at most that.

use std::io;
use std::thread;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

/// How long arrivals may wait: half of the time between two pictures at 25 a second.
const PACE: Duration = Duration::from_millis(20);

/// The runtime. It ends when this is dropped; what still runs on it then is dropped too.
#[derive(Debug)]
pub struct Paced {
    handle: Handle,
    end: CancellationToken,
}

impl Paced {
    /// Starts the runtime in a thread of this name.
    ///
    /// # Errors
    /// If the system gives no thread.
    pub fn start(name: &str) -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            // Right before the thread waits for sockets and timers, with nothing left to do.
            .on_thread_park(|| thread::sleep(PACE))
            .build()?;
        let (handle, end) = (runtime.handle().clone(), CancellationToken::new());
        let ended = end.clone();
        thread::Builder::new().name(name.to_owned()).spawn(move || {
            runtime.block_on(ended.cancelled());
            runtime.shutdown_background();
        })?;
        Ok(Self { handle, end })
    }

    /// Where to spawn what is to run at this pace.
    pub fn handle(&self) -> &Handle {
        &self.handle
    }
}

impl Drop for Paced {
    fn drop(&mut self) {
        self.end.cancel();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpStream;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use std::io::Write;
    use tokio::io::AsyncReadExt;

    #[tokio::test]
    async fn many_small_packets_are_taken_in_few_turns_and_all_arrive() {
        let paced = Paced::start("test").unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let sender = thread::spawn(move || {
            let mut socket = TcpStream::connect(("127.0.0.1", port)).unwrap();
            socket.set_nodelay(true).unwrap();
            for _ in 0..200 {
                socket.write_all(&[7; 100]).unwrap();
                thread::sleep(Duration::from_millis(1));
            }
        });
        let turns = Arc::new(AtomicUsize::new(0));
        let counted = turns.clone();
        let (stream, _) = listener.accept().await.unwrap();
        let stream = stream.into_std().unwrap();
        let received = paced.handle().spawn(async move {
            let mut socket = tokio::net::TcpStream::from_std(stream).unwrap();
            let (mut buffer, mut received) = (vec![0; 65536], 0);
            while let Ok(bytes @ 1..) = socket.read(&mut buffer).await {
                received += bytes;
                counted.fetch_add(1, Ordering::SeqCst);
            }
            received
        });
        assert_eq!(received.await.unwrap(), 20_000);
        sender.join().unwrap();
        let turns = turns.load(Ordering::SeqCst);
        assert!(turns < 100, "200 packets took {turns} turns");
    }

    #[tokio::test]
    async fn what_still_runs_is_dropped_with_the_runtime() {
        let paced = Paced::start("test").unwrap();
        let endless = paced.handle().spawn(std::future::pending::<()>());
        drop(paced);
        assert!(endless.await.unwrap_err().is_cancelled());
    }
}
