//! What ranks must agree on before one of them does something the others would wait for.

use crate::Error;
use tianyan_comm::Communicator;
use tianyan_engine::Simulation;

/// The result, if all ranks have one. Otherwise no rank goes on: rank 0 tells the problems of all, each once, and the
/// others none. All ranks ask together.
pub fn agree<T>(comm: &mut dyn Communicator, result: Result<T, Error>) -> Result<T, Error> {
    let code = result.as_ref().err().map_or(0, Error::exit_code);
    let codes = comm.any(u64::from(code));
    let result = match result {
        Ok(value) if codes == 0 => return Ok(value),
        Err(error) if comm.size() == 1 => return Err(error),
        other => other,
    };
    let own = result.err().map(|error| error.to_string()).unwrap_or_default();
    let texts = comm.gather_to_root(own.as_bytes());
    let texts: Vec<String> = texts.iter().map(|text| String::from_utf8_lossy(text).into_owned()).collect();
    // Wrong input (2) says more than a failure (1).
    let code = if codes & 2 != 0 { 2 } else { 1 };
    Err(Error::Ranks { told: told(&texts), code })
}

/// Fails, on all ranks, if the device of one of them failed in a call that returned no error: its numbers are not to be
/// used. All ranks ask together.
pub(crate) fn check_device(simulation: &mut Simulation) -> Result<(), Error> {
    let failed = simulation.failure().map_or(Ok(()), |error| Err(Error::Run(error)));
    agree(simulation.comm(), failed)
}

/// Each text once, with the ranks that have it unless all do.
fn told(texts: &[String]) -> String {
    let mut distinct: Vec<(&str, Vec<String>)> = Vec::new();
    for (rank, text) in texts.iter().enumerate().filter(|(_, text)| !text.is_empty()) {
        match distinct.iter_mut().find(|(other, _)| other == text) {
            Some((_, ranks)) => ranks.push(rank.to_string()),
            None => distinct.push((text, vec![rank.to_string()])),
        }
    }
    let lines = distinct.iter().map(|(text, ranks)| match ranks.len() {
        all if all == texts.len() => text.to_string(),
        // Files are rank 0's affair.
        1 if ranks[0] == "0" => text.to_string(),
        1 => format!("{text}\n  on rank {} only, of {}", ranks[0], texts.len()),
        _ => format!("{text}\n  on ranks {} of {}", ranks.join(", "), texts.len()),
    });
    lines.collect::<Vec<_>>().join("\n\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use tianyan_comm::Threads;
    use tianyan_model::{Problem, Problems};

    #[test]
    fn one_rank_stops_all_and_one_rank_tells() {
        let handles: Vec<_> = Threads::new(3)
            .into_iter()
            .map(|mut comm| {
                std::thread::spawn(move || {
                    assert_eq!(agree(&mut comm, Ok(7)), Ok(7));
                    let own = match comm.rank() {
                        1 => Err(Error::Input(Problems::from(Problem::new("file-missing", "no such file")))),
                        _ => Ok(comm.rank()),
                    };
                    agree(&mut comm, own).unwrap_err()
                })
            })
            .collect();
        let errors: Vec<Error> = handles.into_iter().map(|handle| handle.join().expect("a rank failed")).collect();
        assert!(errors.iter().all(|error| error.exit_code() == 2));
        let told: Vec<String> = errors.iter().map(ToString::to_string).collect();
        assert_eq!(told[0], "error[file-missing]: no such file\n  on rank 1 only, of 3");
        assert_eq!(told[1..], ["", ""]);
    }

    #[test]
    fn what_all_say_is_said_once() {
        let text = |text: &str| text.to_string();
        assert_eq!(told(&[text("a"), text("a")]), "a");
        assert_eq!(told(&[text("a"), text("b"), text("a")]), "a\n  on ranks 0, 2 of 3\n\nb\n  on rank 1 only, of 3");
    }
}
