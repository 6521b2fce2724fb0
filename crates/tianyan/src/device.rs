//! Which device computes: threads of the processor, or a GPU.

use crate::run::{StartOptions, cache_folder};
use crate::{Error, Session};
use std::fmt;
use tianyan_comm::{Communicator, local_rank};
use tianyan_cuda::{CudaBackend, CudaOptions};
use tianyan_engine::{Backend, Compiler, CpuBackend, CpuOptions, EngineError, KernelCache};
use tianyan_layout::loads;

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
        write!(f, "{:.0} us a step by prediction, {:.0} us on the processor", self.gpu_ns / 1e3, self.cpu_ns / 1e3)
    }
}

impl Session {
    /// The backend of a rank. With `Device::Auto` nothing that concerns the GPU is an error.
    pub(crate) fn choose(
        &self,
        options: &StartOptions,
        threads: usize,
        rank_of: &[u32],
        comm: &dyn Communicator,
    ) -> Result<Chosen, Error> {
        let cpu = |reason: String, is_news: bool| {
            let options = StartOptions { threads: Some(threads), ..options.clone() };
            Chosen { backend: Box::new(cpu(&options)), name: "cpu", reason, is_news }
        };
        if options.device == Device::Cpu {
            return Ok(cpu("asked for".into(), false));
        }
        let possible = tianyan_cuda::devices()
            .and_then(|count| tianyan_cuda::compiler().map(|()| count))
            .and_then(|count| tianyan_cuda::suits(self.mechanisms.iter().map(AsRef::as_ref)).map(|()| count));
        let count = match possible {
            Ok(count) => count,
            Err(reason) if options.device == Device::Auto => return Ok(cpu(reason, false)),
            Err(what) => {
                let help = "`tianyan info` says what is there; --backend cpu runs the same model".into();
                return Err(EngineError::Device { what: format!("--backend cuda: {what}"), help }.into());
            }
        };
        let cuda = CudaOptions {
            ordinal: local_rank() % count,
            cache: Some(cache_folder()),
            profile: options.profile,
            ..CudaOptions::default()
        };
        let backend = match CudaBackend::new(cuda) {
            Ok(backend) => backend,
            Err(error) if options.device == Device::Auto => return Ok(cpu(error.to_string(), true)),
            Err(error) => return Err(error.into()),
        };
        let units = loads(self.recipe(), rank_of, comm.size())?[comm.rank()];
        let prediction = Prediction::new(units, threads, backend.device().multiprocessors);
        if options.device == Device::Auto && !prediction.prefers_gpu() {
            return Ok(cpu(format!("the GPU would take {prediction}"), true));
        }
        let reason = format!("{} takes {prediction}", backend.device().name);
        Ok(Chosen { backend: Box::new(backend), name: "cuda", reason, is_news: true })
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
    match tianyan_cuda::devices().and_then(|count| tianyan_cuda::compiler().map(|()| count)) {
        Err(reason) => format!("none: {reason}"),
        Ok(count) => {
            let name = |ordinal| tianyan_cuda::name(ordinal).unwrap_or_else(|error| error.to_string());
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
