//! Which device computes: threads of the processor, or a GPU.

use crate::ranks::agree;
use crate::run::{StartOptions, cache_folder, default_threads};
use crate::{Error, Session};
use std::fmt;
use tianyan_comm::{Communicator, Solo, local_processes, local_rank};
use tianyan_cuda::{CudaBackend, CudaOptions};
use tianyan_engine::{Backend, Compiler, CpuBackend, CpuOptions, EngineError, KernelCache};
use tianyan_layout::{Network, loads};
use tianyan_model::Precision;

/// Which device a run asks for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Device {
    /// The one that is predicted to be faster.
    #[default]
    Auto,
    /// Threads of the processor.
    Cpu,
    /// A GPU of NVIDIA.
    Cuda,
}

/// A backend, and why it was chosen.
pub(crate) struct Chosen {
    /// It.
    pub backend: Box<dyn Backend>,
    /// `cpu` or `cuda`.
    pub name: &'static str,
    /// What density mechanisms compute with: `f64` or `f32`.
    pub bits: &'static str,
    /// Why, in a line.
    pub reason: String,
    /// Whether there was anything to choose from.
    pub is_news: bool,
}

/// What a step costs on each device, ns. A unit is what a density mechanism costs in a compartment; the voltage equation
/// costs two (`tianyan_layout::loads`). Measured in benches/results.md and benches/gpu.md.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Prediction {
    cpu_ns: f64,
    gpu_ns: f64,
}

/// A unit on a thread of a processor of 2020 or later, ns.
const CPU_NS_PER_UNIT: f64 = 6.0;
/// A unit on a GPU with 132 processors, ns.
const GPU_NS_PER_UNIT: f64 = 0.035;
/// A step of the smallest network on a GPU, ns: branches wait for each other.
const GPU_NS_PER_STEP: f64 = 30_000.0;

impl Prediction {
    fn new(units: f64, threads: usize, multiprocessors: usize) -> Prediction {
        let smaller = 132.0 / multiprocessors.max(1) as f64;
        Prediction {
            cpu_ns: units * CPU_NS_PER_UNIT / threads.max(1) as f64,
            gpu_ns: GPU_NS_PER_STEP + units * GPU_NS_PER_UNIT * smaller,
        }
    }

    fn prefers_gpu(&self) -> bool {
        self.gpu_ns < self.cpu_ns
    }
}

impl fmt::Display for Prediction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.1} us a step by prediction, {:.1} us on the processor", self.gpu_ns / 1e3, self.cpu_ns / 1e3)
    }
}

impl Session {
    /// The backend of a rank, and its part of the network. Several ranks choose together: with `Device::Auto` all take the
    /// GPU or none does, and nothing that concerns the GPU is an error.
    pub(crate) fn choose(
        &self,
        options: &StartOptions,
        threads: usize,
        rank_of: &[u32],
        comm: &mut dyn Communicator,
    ) -> Result<(Chosen, Network), Error> {
        let (reason, is_news) = match options.device {
            Device::Cpu => ("asked for".into(), false),
            Device::Cuda => {
                let made = self.on_gpu(options, threads, rank_of, comm);
                return agree(comm, made.map_err(|(told, _)| told));
            }
            Device::Auto => {
                let made = self.on_gpu(options, threads, rank_of, comm);
                let all_can = comm.min(if made.is_ok() { 1.0 } else { 0.0 }) > 0.0;
                let own = made.as_ref().err().map(|(error, _)| why(error)).unwrap_or_default();
                match made {
                    Ok(made) if all_can => return Ok(made),
                    Ok(_) => (reason_of_ranks(&own, comm), true),
                    Err((_, is_news)) => (reason_of_ranks(&own, comm), is_news),
                }
            }
        };
        let (reason, is_news) = match self.recipe().run().precision {
            Precision::Double => (reason, is_news),
            Precision::Single => (format!("{reason}; and so density mechanisms compute with 64 bits, not 32"), true),
        };
        let cpu = cpu(&StartOptions { threads: Some(threads), ..options.clone() });
        let network = self.network(&cpu, rank_of, comm.rank());
        let chosen = Chosen { backend: Box::new(cpu), name: "cpu", bits: "f64", reason, is_news };
        agree(comm, network.map(|network| (chosen, network)))
    }

    /// What `--backend auto` is going to take on this machine, and why; `None` if there is no choice.
    pub fn device(&self) -> Option<String> {
        match self.on_gpu(&StartOptions::default(), default_threads(), &vec![0; self.cells()], &Solo) {
            Ok((chosen, _)) => Some(format!("{}: {}", chosen.name, chosen.reason)),
            Err((error, true)) => Some(format!("cpu: {}", why(&error))),
            Err((_, false)) => None,
        }
    }

    /// The GPU of this rank, and its part of the network; else why not, and whether there was a choice.
    fn on_gpu(
        &self,
        options: &StartOptions,
        threads: usize,
        rank_of: &[u32],
        comm: &dyn Communicator,
    ) -> Result<(Chosen, Network), (Error, bool)> {
        let chosen = self.cuda(options, threads, rank_of, comm)?;
        let network = self.network(chosen.backend.as_ref(), rank_of, comm.rank()).map_err(|error| (error, false))?;
        chosen.backend.accepts(&network.groups).map_err(|error| (error.into(), true))?;
        Ok((chosen, network))
    }

    /// The GPU of this rank; else why not, and whether there was a choice.
    fn cuda(
        &self,
        options: &StartOptions,
        threads: usize,
        rank_of: &[u32],
        comm: &dyn Communicator,
    ) -> Result<Chosen, (Error, bool)> {
        let is_asked = options.device == Device::Cuda;
        let refusal = |what: String, help: &str| {
            let what = if is_asked { format!("--backend cuda: {what}") } else { what };
            Error::from(EngineError::Device { what, help: help.into() })
        };
        // Where there is no driver there was no choice, and nothing to say.
        let is_news = tianyan_cuda::has_driver();
        let count = tianyan_cuda::usable().map_err(|what| {
            (refusal(what, "`tianyan info` says what is there; --backend cpu runs the same model"), is_news)
        })?;
        let backend = CudaBackend::new(CudaOptions {
            ordinal: local_rank() % count,
            ranks: local_processes().div_ceil(count),
            workers: threads,
            cache: Some(cache_folder()),
            profile: options.profile,
            ..CudaOptions::default()
        })
        .map_err(|error| (error.into(), true))?;
        let units =
            loads(self.recipe(), rank_of, comm.size()).map_err(|problems| (problems.into(), true))?[comm.rank()];
        let prediction = Prediction::new(units, threads, backend.device().multiprocessors);
        if !is_asked && !prediction.prefers_gpu() {
            return Err((refusal(format!("the GPU would take {prediction}"), "--backend cuda insists"), true));
        }
        let asked = if is_asked { "asked for; " } else { "" };
        let (bits, narrow) = match self.recipe().run().precision {
            Precision::Double => ("f64", ""),
            Precision::Single => ("f32", "; density mechanisms compute with 32 bits"),
        };
        let reason = format!("{asked}{} takes {prediction}{narrow}", backend.device().name);
        Ok(Chosen { backend: Box::new(backend), name: "cuda", bits, reason, is_news: true })
    }
}

/// This rank's reason not to take the GPU, else that of another one. All ranks call together.
fn reason_of_ranks(own: &str, comm: &mut dyn Communicator) -> String {
    let all = comm.all_gather(own.as_bytes());
    let other = all.iter().enumerate().find(|(_, reason)| !reason.is_empty());
    match other.filter(|_| own.is_empty()) {
        Some((rank, reason)) => format!("rank {rank} cannot take a GPU: {}", String::from_utf8_lossy(reason)),
        None => own.into(),
    }
}

/// An error in a line.
fn why(error: &Error) -> String {
    match error {
        Error::Run(EngineError::Device { what, .. }) => what.clone(),
        error => error.to_string(),
    }
}

/// The CPU backend with machine code from a compiler of this machine, if there is one.
pub(crate) fn cpu(options: &StartOptions) -> CpuBackend {
    let cache = Compiler::find().map(|compiler| KernelCache::new(cache_folder(), compiler));
    let threads = options.threads.unwrap_or(1);
    let StartOptions { interpret, profile, .. } = *options;
    CpuBackend::new(CpuOptions { threads, cache, interpret, profile, ..CpuOptions::default() })
}

/// The GPUs of this machine and what they need, or what is missing.
pub fn gpus() -> String {
    match tianyan_cuda::usable() {
        Err(reason) => format!("none: {reason}"),
        Ok(count) => {
            let name = |ordinal| tianyan_cuda::describe(ordinal).unwrap_or_else(|error| error.to_string());
            (0..count).map(name).collect::<Vec<_>>().join(", ")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Prediction;

    #[test]
    fn large_networks_go_to_the_gpu() {
        // 300,000 compartments of hh, and 1,000.
        assert!(Prediction::new(900e3, 16, 132).prefers_gpu());
        assert!(!Prediction::new(3e3, 16, 132).prefers_gpu());
        // The more threads, and the smaller the GPU, the later it pays.
        assert!(Prediction::new(12e3, 1, 132).prefers_gpu() && !Prediction::new(12e3, 16, 132).prefers_gpu());
        assert!(!Prediction::new(1e6, 64, 20).prefers_gpu());
    }
}
