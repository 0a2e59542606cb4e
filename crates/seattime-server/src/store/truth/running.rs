//! Many cases on every core, told of while they run.

use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

/// How far a long run has come, told some twenty times where the output of tests is shown.
pub(crate) struct Progress {
    of_what: &'static str,
    most: u64,
    done: AtomicU64,
}

impl Progress {
    pub(crate) fn new(of_what: &'static str, most: u64) -> Progress {
        Progress { of_what, most, done: AtomicU64::new(0) }
    }

    /// So many more came to the truth.
    pub(crate) fn add(&self, more: u64) {
        let done = self.done.fetch_add(more, Ordering::Relaxed) + more;
        if done * 20 / self.most > (done - more) * 20 / self.most {
            println!("truth: {}: {done} of {} cases", self.of_what, self.most);
        }
    }
}

/// Checks each seed below `most` on whichever core is free, and answers what each core found; none is begun after one
/// that fails.
pub(crate) fn each_seed<T: Default + Send>(
    of_what: &'static str,
    most: u64,
    check: impl Fn(u64, &mut T) + Sync,
) -> Vec<T> {
    let (next, progress) = (AtomicU64::new(0), Progress::new(of_what, most));
    let work = || {
        let _stop = StopWhereItFails(&next, most);
        let mut found = T::default();
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= most {
                return found;
            }
            check(seed, &mut found);
            progress.add(1);
        }
    };
    let cores = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        let workers: Vec<_> = (0..cores).map(|_| scope.spawn(work)).collect();
        workers.into_iter().map(|it| it.join().expect("a seed failed, as said above")).collect()
    })
}

/// Takes every seed that is left away from the other cores when a check panics.
struct StopWhereItFails<'a>(&'a AtomicU64, u64);

impl Drop for StopWhereItFails<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.store(self.1, Ordering::Relaxed);
        }
    }
}
