//! Failures on demand, so that a site can try what its launcher does about them: `TIANYAN_DRILL=panic:RANK:MS` panics on
//! that rank at that model time, `TIANYAN_DRILL=hang:RANK:MS` stands still, `TIANYAN_DRILL=kill:RANK:MS` dies.

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
    /// What the environment asks of this rank.
    pub fn asked(rank: usize) -> Option<Drill> {
        Drill::parse(&std::env::var("TIANYAN_DRILL").ok()?, rank)
    }

    fn parse(text: &str, rank: usize) -> Option<Drill> {
        let mut parts = text.split(':');
        let what = match parts.next()? {
            "panic" => What::Panic,
            "hang" => What::Hang,
            "kill" => What::Kill,
            _ => return None,
        };
        let wanted: usize = parts.next()?.parse().ok()?;
        let time_ms = parts.next()?.parse().ok()?;
        (wanted == rank).then_some(Drill { what, time_ms })
    }

    /// Fails, once it is time.
    pub fn play(&self, time_ms: f64) {
        if time_ms < self.time_ms {
            return;
        }
        match self.what {
            What::Panic => panic!("a drill at {time_ms} ms"),
            What::Hang => std::thread::sleep(Duration::from_secs(3600)),
            What::Kill => std::process::abort(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drill_is_for_one_rank() {
        let drill = Drill { what: What::Panic, time_ms: 2.5 };
        assert_eq!(Drill::parse("panic:1:2.5", 1), Some(drill.clone()));
        assert_eq!(
            (Drill::parse("panic:1:2.5", 0), Drill::parse("panic", 0), Drill::parse("fire:0:1", 0)),
            (None, None, None)
        );
        drill.play(2.4);
    }
}
