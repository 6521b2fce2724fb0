//! Failures on demand, so that a site can try what its launcher does about them: `TIANYAN_DRILL=panic:RANK:MS` panics on
//! that rank at that model time, `TIANYAN_DRILL=hang:RANK:MS` stands still, `TIANYAN_DRILL=kill:RANK:MS` dies.

use crate::say::tell;
use std::process::Command;
use std::time::Duration;

/// A failure that is still to come.
#[derive(Debug, Clone, PartialEq)]
pub struct Drill {
    what: What,
    time_ms: f64,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum What {
    Panic,
    Hang,
    Kill,
}

impl Drill {
    /// What the environment asks of this rank; nothing it says is passed over in silence.
    pub fn asked(rank: usize, ranks: usize) -> Option<Drill> {
        let text = std::env::var("TIANYAN_DRILL").ok().filter(|text| !text.is_empty())?;
        let Some((drill, wanted)) = Drill::parse(&text).filter(|(_, wanted)| *wanted < ranks) else {
            if rank == 0 {
                tell!(
                    "warning[drill]: `{text}` is no drill for {ranks} ranks\n  help: TIANYAN_DRILL=kill:1:20, or panic, or hang"
                );
            }
            return None;
        };
        (wanted == rank).then_some(drill)
    }

    fn parse(text: &str) -> Option<(Drill, usize)> {
        let mut parts = text.split(':');
        let what = match parts.next()? {
            "panic" => What::Panic,
            "hang" => What::Hang,
            "kill" => What::Kill,
            _ => return None,
        };
        let rank = parts.next()?.parse().ok()?;
        let time_ms = parts.next()?.parse().ok()?;
        Some((Drill { what, time_ms }, rank))
    }

    /// Fails, once it is time.
    pub fn play(&self, time_ms: f64) {
        if time_ms < self.time_ms {
            return;
        }
        match self.what {
            What::Panic => panic!("a drill at {time_ms} ms"),
            What::Hang => std::thread::sleep(Duration::from_secs(3600)),
            What::Kill => {
                let _ = Command::new("kill").args(["-9", &std::process::id().to_string()]).status();
                std::process::abort()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drill_is_for_one_rank() {
        let drill = Drill { what: What::Panic, time_ms: 2.5 };
        assert_eq!(Drill::parse("panic:1:2.5"), Some((drill.clone(), 1)));
        assert_eq!((Drill::parse("panic"), Drill::parse("fire:0:1")), (None, None));
        drill.play(2.4);
    }
}
