//! Named tasks with an owner: started, restarted after a panic, stopped under a deadline.
//!
//! A stage's tasks form a `Group`. A group is stopped by cancelling its token and waiting; what
//! has not ended by the deadline is aborted and named. Groups are stopped in the order in which
//! data flows, by whoever wired them.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures::FutureExt;
use tokio::runtime::Handle;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::backoff::{Backoff, spread};

const RESTART: Backoff = Backoff { first: Duration::from_secs(1), longest: Duration::from_secs(60) };

/// Tasks that are stopped together.
#[derive(Debug)]
pub struct Group {
    name: &'static str,
    tasks: JoinSet<String>,
    running: Vec<String>,
    stop: CancellationToken,
}

impl Group {
    /// An empty group whose tasks stop when `parent` is cancelled, or earlier by [`Group::stop`].
    pub fn new(name: &'static str, parent: &CancellationToken) -> Self {
        Self { name, tasks: JoinSet::new(), running: Vec::new(), stop: parent.child_token() }
    }

    /// The token that tells this group's tasks to end.
    pub fn token(&self) -> CancellationToken {
        self.stop.clone()
    }

    /// Runs `task` under `name` until it ends. An error or a panic is logged and nothing more.
    pub fn spawn<F>(&mut self, name: impl Into<String>, task: F)
    where
        F: Future<Output = anyhow::Result<()>> + Send + 'static,
    {
        self.spawn_on(&Handle::current(), name, task);
    }

    fn spawn_on<F>(&mut self, runtime: &Handle, name: impl Into<String>, task: F)
    where
        F: Future<Output = anyhow::Result<()>> + Send + 'static,
    {
        let name = name.into();
        self.running.push(name.clone());
        let named = async move {
            match AssertUnwindSafe(task).catch_unwind().await {
                Ok(Ok(())) => {}
                Ok(Err(e)) => tracing::error!(task = name, "ended: {e:#}"),
                Err(_) => tracing::error!(task = name, "ended by a fault in the program"),
            }
            name
        };
        self.tasks.spawn_on(named, runtime);
    }

    /// Runs the task that `make` gives under `name`, and again, after a rest, whenever it fails or
    /// panics; it ends when it returns `Ok` or the group is stopped.
    pub fn keep_running<F, M>(&mut self, name: impl Into<String>, make: M)
    where
        F: Future<Output = anyhow::Result<()>> + Send + 'static,
        M: Fn() -> F + Send + 'static,
    {
        self.keep_running_on(&Handle::current(), name, make);
    }

    /// The same on another runtime, which must outlive the group.
    pub fn keep_running_on<F, M>(&mut self, runtime: &Handle, name: impl Into<String>, make: M)
    where
        F: Future<Output = anyhow::Result<()>> + Send + 'static,
        M: Fn() -> F + Send + 'static,
    {
        let name = name.into();
        let stop = self.stop.clone();
        let shown = name.clone();
        self.spawn_on(runtime, name, async move {
            let mut failures = 0;
            loop {
                match AssertUnwindSafe(make()).catch_unwind().await {
                    Ok(Ok(())) => return Ok(()),
                    Ok(Err(e)) => tracing::error!(task = shown, "failed, will be restarted: {e:#}"),
                    Err(_) => tracing::error!(task = shown, "a fault in the program, will be restarted"),
                }
                failures += 1;
                let rest = RESTART.after(failures, spread(&shown, failures));
                if stop.run_until_cancelled(tokio::time::sleep(rest)).await.is_none() {
                    return Ok(());
                }
            }
        });
    }

    /// Waits until one of the tasks ends, and names it; `None` if there is none left.
    pub async fn ended(&mut self) -> Option<String> {
        let name = self.tasks.join_next().await?.unwrap_or_default();
        self.running.retain(|other| *other != name);
        Some(name)
    }

    /// Tells all tasks to end and waits for them, at most `deadline`. Gives the names of those that
    /// had to be aborted.
    pub async fn stop(mut self, deadline: Duration) -> Vec<String> {
        self.stop.cancel();
        let all_ended = async { while self.ended().await.is_some() {} };
        if tokio::time::timeout(deadline, all_ended).await.is_err() {
            tracing::warn!(group = self.name, "did not stop in time: {}", self.running.join(", "));
            self.tasks.abort_all();
        }
        self.running
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    #[tokio::test(start_paused = true)]
    async fn a_task_that_panics_is_started_again_and_the_others_go_on() {
        let mut group = Group::new("test", &CancellationToken::new());
        let starts = Arc::new(AtomicU32::new(0));
        let (counted, stop) = (starts.clone(), group.token());
        group.keep_running("shaky", move || {
            let (n, stop) = (counted.fetch_add(1, Ordering::SeqCst), stop.clone());
            async move {
                assert!(n >= 2, "the first two starts fail");
                stop.cancelled().await;
                Ok(())
            }
        });
        while starts.load(Ordering::SeqCst) < 3 {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        assert!(group.stop(Duration::from_secs(1)).await.is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn a_task_that_does_not_stop_is_named() {
        let mut group = Group::new("test", &CancellationToken::new());
        group.spawn("deaf", std::future::pending());
        assert_eq!(group.stop(Duration::from_secs(1)).await, ["deaf"]);
    }
}
