//! Notices ranks that are gone or stand still, whatever the launcher does about it.
//!
//! Each rank sends a byte twice a second to the next one, from a thread of its own: a slow disk, a first compilation or a
//! long step stop no heartbeat. A connection that closes without a farewell, or is silent for [`SILENCE`], means that
//! the rank before is lost. Connections are TCP and beside MPI, which on a dead link waits for ever.

use crate::Communicator;
use std::fmt;
use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, ToSocketAddrs};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Between two heartbeats.
const BEAT: Duration = Duration::from_millis(500);

/// So many heartbeats may be missing in a row. They are counted and not timed: a job that was suspended and goes on has
/// missed one.
const MISSES: u32 = 16;

/// How long a rank that says nothing still counts as there.
pub const SILENCE: Duration = Duration::from_millis(500 * MISSES as u64);

/// How long ranks try to reach each other at the start.
const PATIENCE: Duration = Duration::from_secs(5);

/// A heartbeat, and a farewell.
const ALIVE: u8 = b'.';
const FAREWELL: u8 = b'!';
/// All ranks are to end: this one has begun.
const ENDING_ALL: u8 = b'#';

/// What the others get to be ended by MPI, before they do it themselves.
const TO_BE_ENDED: Duration = Duration::from_secs(3);

/// A rank that is lost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lost {
    /// Which.
    pub rank: usize,
    /// Its machine.
    pub host: String,
    /// True if it said nothing for [`SILENCE`], false if its connection closed.
    pub silent: bool,
}

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let how = match self.silent {
            true => format!("has been silent for {} s", SILENCE.as_secs()),
            false => "is gone: it was killed, or its machine was".to_string(),
        };
        write!(
            f,
            "error[run-lost-rank]: rank {} on {} {how}\n  help: what was flushed is in the .part files; out of memory and \
             a node's failure are the usual reasons",
            self.rank, self.host
        )
    }
}

/// The watch over the rank before this one, as long as it lives.
#[derive(Debug)]
pub struct Watch {
    ends: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Watch {
    /// Begins to watch; `lost` is called, once, on a thread of the watch. All ranks start together. Where ranks cannot
    /// reach each other by TCP nothing is watched.
    pub fn start(comm: &mut dyn Communicator, lost: impl Fn(Lost) + Send + 'static) -> Watch {
        let (rank, size) = (comm.rank(), comm.size());
        let mut watch = Watch { ends: Arc::default(), threads: Vec::new() };
        let listener = (size > 1).then(|| TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0)).ok()).flatten();
        let port = listener.as_ref().and_then(|l| l.local_addr().ok()).map_or(0, |address| address.port());
        let hosts = comm.all_gather(format!("{} {port}", host_name()).as_bytes());
        let hosts: Vec<(String, u16)> = hosts.iter().map(|text| parse(text)).collect();
        if let Some(listener) = listener {
            let before = (rank + size - 1) % size;
            let (host, ends) = (hosts[before].0.clone(), watch.ends.clone());
            watch.threads.push(std::thread::spawn(move || {
                let Some(stream) = accept(&listener, before, &ends) else { return };
                match listen(stream, &ends) {
                    Heard::Farewell => {}
                    Heard::EndingAll => end_with_the_others(),
                    Heard::Nothing { silent } => lost(Lost { rank: before, host, silent }),
                }
            }));
            let (next, ends) = (hosts[(rank + 1) % size].clone(), watch.ends.clone());
            let here = hosts[rank].0 == next.0;
            watch.threads.push(std::thread::spawn(move || {
                if let Some(stream) = connect(&next, here, rank) {
                    beat(stream, &ends);
                }
            }));
        }
        watch
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            // A thread that panicked has nothing to say any more.
            let _ = thread.join();
        }
    }
}

/// Set when this process ends before its watches do.
static ENDING: AtomicBool = AtomicBool::new(false);

/// Tells the rank that listens that this process ends all.
pub(crate) fn say_ending() {
    ENDING.store(true, Ordering::Relaxed);
    std::thread::sleep(BEAT / 5);
}

/// The name of this machine.
pub fn host_name() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let name = name.trim();
    if name.is_empty() { "localhost".into() } else { name.into() }
}

fn parse(text: &[u8]) -> (String, u16) {
    let text = String::from_utf8_lossy(text);
    let (host, port) = text.rsplit_once(' ').unwrap_or(("", "0"));
    (host.to_string(), port.parse().unwrap_or(0))
}

fn accept(listener: &TcpListener, before: usize, ends: &AtomicBool) -> Option<TcpStream> {
    listener.set_nonblocking(true).ok()?;
    let began = Instant::now();
    while began.elapsed() < PATIENCE && !ends.load(Ordering::Relaxed) {
        match listener.accept() {
            Ok((mut stream, _)) => {
                stream.set_nonblocking(false).ok()?;
                stream.set_read_timeout(Some(BEAT)).ok()?;
                let mut said = [0; 8];
                // Whoever else knocks is not let in.
                if stream.read_exact(&mut said).is_ok() && u64::from_le_bytes(said) == before as u64 {
                    return Some(stream);
                }
            }
            Err(_) => std::thread::sleep(BEAT / 50),
        }
    }
    None
}

/// The last that was heard of a rank.
#[derive(Debug, PartialEq)]
enum Heard {
    /// It ended in peace, or this rank does.
    Farewell,
    /// It is ending all ranks.
    EndingAll,
    /// It fell silent, or closed without a farewell.
    Nothing { silent: bool },
}

/// Passes the word on and waits for the end; where MPI cannot bring it (a dead link), this process ends itself.
fn end_with_the_others() {
    ENDING.store(true, Ordering::Relaxed);
    std::thread::sleep(TO_BE_ENDED);
    std::process::abort();
}

/// Listens until it is over.
fn listen(mut stream: TcpStream, ends: &AtomicBool) -> Heard {
    if stream.set_read_timeout(Some(BEAT)).is_err() {
        return Heard::Farewell;
    }
    let (mut bytes, mut missed) = ([0; 64], 0);
    loop {
        match stream.read(&mut bytes) {
            Ok(0) => return Heard::Nothing { silent: false },
            Ok(count) if bytes[..count].contains(&ENDING_ALL) => return Heard::EndingAll,
            Ok(count) if bytes[..count].contains(&FAREWELL) => return Heard::Farewell,
            Ok(_) => missed = 0,
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => missed += 1,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => return Heard::Nothing { silent: false },
        }
        if ends.load(Ordering::Relaxed) {
            return Heard::Farewell;
        }
        if missed >= MISSES {
            return Heard::Nothing { silent: true };
        }
    }
}

fn connect((host, port): &(String, u16), here: bool, rank: usize) -> Option<TcpStream> {
    let addresses: Vec<SocketAddr> = match here {
        true => vec![SocketAddr::from((Ipv4Addr::LOCALHOST, *port))],
        false => (host.as_str(), *port).to_socket_addrs().ok()?.collect(),
    };
    let began = Instant::now();
    while *port != 0 && began.elapsed() < PATIENCE {
        for address in &addresses {
            if let Ok(mut stream) = TcpStream::connect_timeout(address, PATIENCE / 5) {
                stream.write_all(&(rank as u64).to_le_bytes()).ok()?;
                return Some(stream);
            }
        }
        std::thread::sleep(BEAT / 10);
    }
    None
}

/// Sends heartbeats until the end, then a farewell. If nobody listens any more, others notice.
fn beat(mut stream: TcpStream, ends: &AtomicBool) {
    let mut next = Instant::now();
    while !ends.load(Ordering::Relaxed) && !ENDING.load(Ordering::Relaxed) {
        if Instant::now() >= next {
            next += BEAT;
            if stream.write_all(&[ALIVE]).is_err() {
                return;
            }
        }
        std::thread::sleep(BEAT / 25);
    }
    let last = if ENDING.load(Ordering::Relaxed) { ENDING_ALL } else { FAREWELL };
    let _ = stream.write_all(&[last]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Threads;
    use std::sync::mpsc;

    /// Three ranks; what each of them loses while `scene` plays, which gets the watches.
    fn lost_in(scene: impl FnOnce(&mut Vec<Option<Watch>>)) -> Vec<(usize, Lost)> {
        let (sender, lost) = mpsc::channel();
        let start = |mut comm: Threads| {
            let sender = sender.clone();
            std::thread::spawn(move || {
                let rank = comm.rank();
                Watch::start(&mut comm, move |lost| sender.send((rank, lost)).expect("the test waits"))
            })
        };
        let threads: Vec<_> = Threads::new(3).into_iter().map(start).collect();
        let mut watches = threads.into_iter().map(|thread| thread.join().ok()).collect();
        scene(&mut watches);
        drop(watches);
        drop(sender);
        lost.into_iter().collect()
    }

    #[test]
    fn nobody_is_lost_in_peace() {
        let lost = lost_in(|watches| {
            std::thread::sleep(BEAT * 3);
            watches.iter_mut().for_each(|watch| drop(watch.take()));
        });
        assert_eq!(lost, []);
    }

    #[test]
    fn who_closes_without_a_farewell_is_lost() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let address = listener.local_addr().expect("an address");
        let ends = AtomicBool::new(false);
        let gone = std::thread::spawn(move || drop(connect(&("localhost".into(), address.port()), true, 4)));
        let stream = accept(&listener, 4, &ends).expect("a connection");
        gone.join().expect("it connects");
        assert_eq!(listen(stream, &ends), Heard::Nothing { silent: false });
    }
}
