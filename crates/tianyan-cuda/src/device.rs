//! The one module with `unsafe`: memory and launches of a GPU, and the compiler of its kernels, through cudarc.
//!
//! Safety rests on two facts: buffers free what they own when they are dropped, and never before the work that uses them
//! is done (each epoch ends with [`Device::finish`], also one that fails); and kernels read and write only addresses that
//! the host put into their tables, which are made of layouts that `tianyan_engine::check_table` has accepted.
#![allow(unsafe_code)]

use crate::tables::Image;
use bytemuck::Pod;
use cudarc::driver::sys::{self, CUdevice_attribute as Attribute};
use cudarc::driver::{CudaContext, CudaStream, DriverError, result};
use cudarc::nvrtc;
use std::ffi::{CString, c_void};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;
use std::sync::Arc;
use tianyan_engine::EngineError;

/// A GPU.
pub struct Device {
    context: Arc<CudaContext>,
    stream: Arc<CudaStream>,
    /// What it is called.
    pub name: String,
    /// Its processors.
    pub multiprocessors: usize,
    /// Most shared memory of a block, bytes.
    pub shared_bytes: usize,
    /// Its processors' clock at most, kHz.
    pub clock_khz: i32,
    /// Its compute capability, as 90 for 9.0.
    pub capability: i32,
    /// The driver's CUDA version, as 13000 for 13.0.
    pub driver: i32,
}

/// Memory of the device.
#[derive(Debug)]
pub struct Buffer {
    context: Arc<CudaContext>,
    /// Where it begins.
    pub address: u64,
    /// How long it is.
    pub bytes: usize,
}

/// Memory of the host that the device copies from and to without help.
pub struct Pinned {
    context: Arc<CudaContext>,
    start: *mut u8,
    len: usize,
}

// SAFETY: it is memory that nobody else knows.
unsafe impl Send for Pinned {}

/// A compiled program on the device.
pub struct Module {
    context: Arc<CudaContext>,
    module: sys::CUmodule,
}

// SAFETY: the driver's handles may be used by any thread.
unsafe impl Send for Module {}

/// Work that is begun as a whole.
pub struct Graph {
    context: Arc<CudaContext>,
    graph: sys::CUgraph,
    made: sys::CUgraphExec,
}

// SAFETY: as `Module`.
unsafe impl Send for Graph {}

/// A kernel.
#[derive(Clone, Copy)]
pub struct Kernel(sys::CUfunction);

// SAFETY: as `Module`.
unsafe impl Send for Kernel {}

fn failed(what: &str, error: DriverError) -> EngineError {
    let code = error.0;
    let help = match code {
        sys::cudaError_enum::CUDA_ERROR_OUT_OF_MEMORY => MORE_MEMORY,
        _ => "`nvidia-smi` says whether the GPU is well; --backend cpu runs the same model without it",
    };
    EngineError::Device { what: format!("{what}: {code:?}"), help: help.into() }
}

const MORE_MEMORY: &str = "use more GPUs (one rank each), a smaller network, or --backend cpu";

const NO_GPU: &str = "the NVIDIA driver sees no GPU (CUDA_VISIBLE_DEVICES may hide it)";

/// Whether this machine has NVIDIA's driver.
pub fn has_driver() -> bool {
    // SAFETY: it only looks for the library.
    unsafe { sys::is_culib_present() }
}

/// Whether this machine has a driver and at least one GPU; what is missing otherwise.
pub fn devices() -> Result<usize, String> {
    if !has_driver() {
        return Err("there is no NVIDIA driver (libcuda)".into());
    }
    match result::init().and_then(|()| result::device::get_count()) {
        Ok(0) => Err(NO_GPU.into()),
        Err(DriverError(sys::cudaError_enum::CUDA_ERROR_NO_DEVICE)) => Err(NO_GPU.into()),
        Ok(count) => Ok(count as usize),
        Err(error) => Err(format!("the NVIDIA driver does not start: {:?}", error.0)),
    }
}

/// A GPU in a few words.
///
/// # Errors
/// If it does not open.
pub fn describe(ordinal: usize) -> Result<String, EngineError> {
    let device = Device::open(ordinal)?;
    let Device { name, multiprocessors, capability, driver, .. } = &device;
    let gib = device.memory()?.1 as f64 / f64::from(1 << 30);
    let [capability, cuda] = [(capability / 10, capability % 10), (driver / 1000, driver % 1000 / 10)];
    let dotted = |(major, minor): (i32, i32)| format!("{major}.{minor}");
    let (capability, cuda) = (dotted(capability), dotted(cuda));
    Ok(format!("{name} ({multiprocessors} processors, {gib:.0} GiB, capability {capability}; CUDA {cuda})"))
}

/// How many GPUs there are, if kernels can be compiled for them; what is missing otherwise.
pub fn usable() -> Result<usize, String> {
    let count = devices()?;
    compiler().map(|()| count)
}

/// Whether kernels can be compiled here; what is missing otherwise.
pub fn compiler() -> Result<(), String> {
    // SAFETY: it only looks for the library.
    match unsafe { nvrtc::sys::is_culib_present() } {
        true => Ok(()),
        false => Err("there is no NVRTC (libnvrtc), the compiler of GPU kernels".into()),
    }
}

impl Device {
    /// The GPU with that number.
    pub fn open(ordinal: usize) -> Result<Device, EngineError> {
        let fail = |error| failed(&format!("GPU {ordinal} does not open"), error);
        let context = CudaContext::new(ordinal).map_err(fail)?;
        let stream = context.new_stream().map_err(fail)?;
        let attribute = |attribute| context.attribute(attribute).map_err(fail);
        let (major, minor) = context.compute_capability().map_err(fail)?;
        let mut driver = 0;
        // SAFETY: it writes one number.
        unsafe { sys::cuDriverGetVersion(&mut driver).result().map_err(fail)? };
        Ok(Device {
            name: context.name().map_err(fail)?,
            multiprocessors: attribute(Attribute::CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT)? as usize,
            shared_bytes: attribute(Attribute::CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN)? as usize,
            clock_khz: attribute(Attribute::CU_DEVICE_ATTRIBUTE_CLOCK_RATE)?.max(1),
            capability: 10 * major + minor,
            driver,
            context,
            stream,
        })
    }

    /// Bytes of its memory that are free, and all.
    pub fn memory(&self) -> Result<(usize, usize), EngineError> {
        self.bind()?;
        result::mem_get_info().map_err(|error| failed("the GPU does not tell its memory", error))
    }

    /// Fails if so many bytes are more than its free memory, of which as many ranks take an equal part.
    pub fn check_room(&self, bytes: usize, ranks: usize) -> Result<(), EngineError> {
        let (free, _) = self.memory()?;
        if bytes <= free / ranks {
            return Ok(());
        }
        let shared = if ranks > 1 { format!(" for {ranks} ranks") } else { String::new() };
        let (mb, free) = (bytes.div_ceil(1 << 20), free >> 20);
        let what = format!("the network takes about {mb} MB of the GPU, which has {free} MB free{shared}");
        Err(EngineError::Device { what, help: MORE_MEMORY.into() })
    }

    /// Makes the device that of this thread.
    pub fn bind(&self) -> Result<(), EngineError> {
        self.context.bind_to_thread().map_err(|error| failed("the GPU is lost", error))
    }

    /// Memory, not set to anything.
    pub fn allocate(&self, bytes: usize) -> Result<Buffer, EngineError> {
        let fail = |error| failed(&format!("the GPU has no {} MB left", bytes.div_ceil(1 << 20)), error);
        self.bind()?;
        // SAFETY: the buffer frees it.
        let address = unsafe { result::malloc_sync(bytes.max(16)) }.map_err(fail)?;
        Ok(Buffer { context: self.context.clone(), address, bytes })
    }

    /// Memory of zeros.
    pub fn zeros(&self, bytes: usize) -> Result<Buffer, EngineError> {
        let buffer = self.allocate(bytes)?;
        self.zero(&buffer, 0, bytes)?;
        Ok(buffer)
    }

    /// Memory with these numbers.
    pub fn upload<T: Pod>(&self, items: &[T]) -> Result<Buffer, EngineError> {
        let buffer = self.allocate(size_of_val(items))?;
        self.write(&buffer, 0, items)?;
        Ok(buffer)
    }

    /// What `make` makes for the address where it will lie; it is called twice.
    pub fn place(&self, make: impl Fn(&mut Image)) -> Result<Buffer, EngineError> {
        let mut sized = Image::new(0);
        make(&mut sized);
        let buffer = self.allocate(sized.bytes().len())?;
        let mut image = Image::new(buffer.address);
        make(&mut image);
        self.write(&buffer, 0, image.bytes())?;
        Ok(buffer)
    }

    /// Host memory for fast copies.
    pub fn pinned(&self, bytes: usize) -> Result<Pinned, EngineError> {
        let fail = |error| failed("no host memory for copies", error);
        self.bind()?;
        let len = bytes.max(16);
        // SAFETY: `Pinned` frees it; it is written before it is read.
        let start = unsafe { result::malloc_host(len, 0) }.map_err(fail)?.cast::<u8>();
        // SAFETY: as above.
        unsafe { start.write_bytes(0, len) };
        Ok(Pinned { context: self.context.clone(), start, len })
    }

    /// Sets bytes of a buffer to 0, in order with launches.
    pub fn zero(&self, buffer: &Buffer, first: usize, bytes: usize) -> Result<(), EngineError> {
        assert!(first + bytes <= buffer.bytes.max(16));
        // SAFETY: inside the buffer.
        unsafe { result::memset_d8_async(buffer.address + first as u64, 0, bytes, self.stream.cu_stream()) }
            .map_err(|error| failed("memory of the GPU was not set", error))
    }

    /// Copies to the device, and waits for it.
    pub fn write<T: Pod>(&self, buffer: &Buffer, first: usize, items: &[T]) -> Result<(), EngineError> {
        assert!(first + size_of_val(items) <= buffer.bytes.max(16));
        if items.is_empty() {
            return Ok(());
        }
        self.bind()?;
        // SAFETY: inside the buffer; the host's numbers outlive the copy, which is waited for.
        unsafe {
            let stream = self.stream.cu_stream();
            result::memcpy_htod_async(buffer.address + first as u64, items, stream)
        }
        .map_err(|error| failed("a copy to the GPU failed", error))?;
        self.finish()
    }

    /// Copies from the device, and waits for it.
    pub fn read<T: Pod>(&self, buffer: &Buffer, first: usize, items: &mut [T]) -> Result<(), EngineError> {
        assert!(first + size_of_val(items) <= buffer.bytes.max(16));
        if items.is_empty() {
            return Ok(());
        }
        self.bind()?;
        // SAFETY: as in `write`.
        unsafe {
            let stream = self.stream.cu_stream();
            result::memcpy_dtoh_async(items, buffer.address + first as u64, stream)
        }
        .map_err(|error| failed("a copy from the GPU failed", error))?;
        self.finish()
    }

    /// Begins to copy pinned memory to the device.
    pub fn send(&self, from: &Pinned, to: &Buffer, bytes: usize) -> Result<(), EngineError> {
        assert!(bytes <= from.len && bytes <= to.bytes.max(16));
        // SAFETY: inside both; the epoch is finished before either is touched again.
        unsafe { result::memcpy_htod_async(to.address, &from.bytes()[..bytes], self.stream.cu_stream()) }
            .map_err(|error| failed("a copy to the GPU failed", error))
    }

    /// Begins to copy to pinned memory.
    pub fn fetch(&self, from: &Buffer, to: &mut Pinned, bytes: usize) -> Result<(), EngineError> {
        assert!(bytes <= to.len && bytes <= from.bytes.max(16));
        let stream = self.stream.cu_stream();
        // SAFETY: as in `send`.
        unsafe { result::memcpy_dtoh_async(&mut to.bytes_mut()[..bytes], from.address, stream) }
            .map_err(|error| failed("a copy from the GPU failed", error))
    }

    /// Begins to copy on the device.
    pub fn copy(&self, from: &Buffer, to: &Buffer) -> Result<(), EngineError> {
        assert!(from.bytes <= to.bytes);
        // SAFETY: inside both.
        unsafe { result::memcpy_dtod_async(to.address, from.address, from.bytes, self.stream.cu_stream()) }
            .map_err(|error| failed("a copy on the GPU failed", error))
    }

    /// Waits until all that was begun is done.
    pub fn finish(&self) -> Result<(), EngineError> {
        self.stream.synchronize().map_err(|error| failed("the GPU stopped", error))
    }

    /// Loads a compiled program.
    pub fn load(&self, cubin: &[u8]) -> Result<Module, EngineError> {
        self.bind()?;
        // SAFETY: the image is whole, and the driver copies it.
        let module = unsafe { result::module::load_data(cubin.as_ptr().cast()) }
            .map_err(|error| failed("the GPU does not load its kernels", error))?;
        Ok(Module { context: self.context.clone(), module })
    }

    /// Begins a kernel whose one parameter is an address.
    pub fn launch(
        &self,
        kernel: Kernel,
        (blocks, threads): (usize, usize),
        shared_bytes: usize,
        argument: u64,
    ) -> Result<(), EngineError> {
        let mut argument = argument;
        let mut parameters = [(&raw mut argument).cast::<c_void>()];
        let (grid, block) = ((blocks as u32, 1, 1), (threads as u32, 1, 1));
        // SAFETY: all our kernels take one address; see the module.
        unsafe {
            let stream = self.stream.cu_stream();
            result::launch_kernel(kernel.0, grid, block, shared_bytes as u32, stream, &mut parameters)
        }
        .map_err(|error| failed("a kernel was not started", error))
    }
}

impl Device {
    /// Makes a graph of what `work` begins; nothing is done yet.
    pub fn capture(&self, work: impl FnOnce() -> Result<(), EngineError>) -> Result<Graph, EngineError> {
        let fail = |error| failed("the GPU makes no graph of an epoch", error);
        let stream = self.stream.cu_stream();
        let mode = sys::CUstreamCaptureMode::CU_STREAM_CAPTURE_MODE_THREAD_LOCAL;
        // SAFETY: the stream is our own. What was begun is ended, whatever came of the work; a graph that was made is
        // destroyed once.
        unsafe {
            result::stream::begin_capture(stream, mode).map_err(fail)?;
            let worked = work();
            let graph = result::stream::end_capture(stream);
            worked?;
            let graph = graph.map_err(fail)?;
            let made = result::graph::instantiate(graph, sys::CUgraphInstantiate_flags(0)).map_err(fail)?;
            Ok(Graph { context: self.context.clone(), graph, made })
        }
    }

    /// Begins the work of a graph.
    pub fn replay(&self, graph: &Graph) -> Result<(), EngineError> {
        // SAFETY: the graph's buffers live: see `Epoch::graphs`.
        unsafe { result::graph::launch(graph.made, self.stream.cu_stream()) }
            .map_err(|error| failed("an epoch was not started", error))
    }
}

impl Drop for Graph {
    fn drop(&mut self) {
        if self.context.bind_to_thread().is_ok() {
            // SAFETY: both were made once, and what they began is done.
            unsafe {
                let _ = result::graph::exec_destroy(self.made);
                let _ = result::graph::destroy(self.graph);
            }
        }
    }
}

impl Module {
    /// A kernel by name, with so much shared memory allowed.
    pub fn kernel(&self, name: &str, shared_bytes: usize) -> Result<Kernel, EngineError> {
        let fail = |error| failed(&format!("the GPU has no kernel `{name}`"), error);
        let text = CString::new(name).unwrap_or_default();
        // SAFETY: the module is loaded.
        let kernel = unsafe { result::module::get_function(self.module, text) }.map_err(fail)?;
        let most = sys::CUfunction_attribute::CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES;
        // SAFETY: the kernel was just found.
        unsafe { result::function::set_function_attribute(kernel, most, shared_bytes as i32) }.map_err(fail)?;
        if shared_bytes > 0 {
            // As many blocks side by side as shared memory can hold.
            let part = sys::CUfunction_attribute::CU_FUNC_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT;
            // SAFETY: as above.
            unsafe { result::function::set_function_attribute(kernel, part, 100) }.map_err(fail)?;
        }
        Ok(Kernel(kernel))
    }
}

impl Drop for Module {
    fn drop(&mut self) {
        if self.context.bind_to_thread().is_ok() {
            // SAFETY: nobody uses it any more. An error here would hide the one that is told.
            let _ = unsafe { result::module::unload(self.module) };
        }
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        if self.context.bind_to_thread().is_ok() {
            // SAFETY: it was allocated once, and the epochs that used it are finished.
            let _ = unsafe { result::free_sync(self.address) };
        }
    }
}

impl Pinned {
    /// Its bytes.
    pub fn bytes(&self) -> &[u8] {
        // SAFETY: it is its own, and initialised.
        unsafe { std::slice::from_raw_parts(self.start, self.len) }
    }

    /// Its bytes, to be changed.
    pub fn bytes_mut(&mut self) -> &mut [u8] {
        // SAFETY: as above.
        unsafe { std::slice::from_raw_parts_mut(self.start, self.len) }
    }
}

impl Drop for Pinned {
    fn drop(&mut self) {
        if self.context.bind_to_thread().is_ok() {
            // SAFETY: as for `Buffer`.
            let _ = unsafe { result::free_host(self.start.cast()) };
        }
    }
}

/// Machine code of a text for a compute capability: from the folder, else compiled now and kept there.
///
/// # Errors
/// The compiler's words.
pub fn compile(text: &str, capability: i32, folder: Option<&Path>) -> Result<Vec<u8>, EngineError> {
    compiler().map_err(|what| EngineError::Device {
        what,
        help: "install it (CUDA 12 or 13; the Python package nvidia-cuda-nvrtc has it, too) and name its folder in \
               LD_LIBRARY_PATH; or use --backend cpu"
            .into(),
    })?;
    let (mut major, mut minor) = (0, 0);
    // SAFETY: it writes two numbers.
    unsafe { nvrtc::sys::nvrtcVersion(&mut major, &mut minor) };
    let mut hasher = DefaultHasher::new();
    (text, options(capability), major, minor).hash(&mut hasher);
    let file = folder.map(|folder| folder.join(format!("{:016x}-sm{capability}.cubin", hasher.finish())));
    if let Some(kept) = file.as_ref().and_then(|file| std::fs::read(file).ok()) {
        return Ok(kept);
    }
    let cubin = compile_now(text, capability)?;
    if let Some(file) = file {
        keep(&file, &cubin);
    }
    Ok(cubin)
}

/// A folder that cannot be written to costs the next run a compilation.
fn keep(file: &Path, cubin: &[u8]) {
    let unfinished = file.with_extension(format!("{}.part", std::process::id()));
    let folder = file.parent().map_or(Ok(()), std::fs::create_dir_all);
    let kept =
        folder.and_then(|()| std::fs::write(&unfinished, cubin)).and_then(|()| std::fs::rename(&unfinished, file));
    if let Err(error) = kept {
        tracing::debug!(file = %file.display(), %error, "kernels were not kept");
    }
}

/// What the compiler is told. Contraction is off: the same bits as on the CPU.
fn options(capability: i32) -> [String; 3] {
    [format!("--gpu-architecture=sm_{capability}"), "--fmad=false".into(), "--std=c++17".into()]
}

fn compile_now(text: &str, capability: i32) -> Result<Vec<u8>, EngineError> {
    let fail = |message: String| EngineError::Kernel { mechanism: "all, for the GPU".into(), message };
    let source = CString::new(text).map_err(|error| fail(error.to_string()))?;
    let program = nvrtc::result::create_program(&source, None).map_err(|error| fail(format!("{error:?}")))?;
    // SAFETY: the program was just made, and is destroyed once, at the end.
    unsafe {
        let compiled = nvrtc::result::compile_program(program, &options(capability));
        let result = match compiled {
            Ok(()) => cubin(program).map_err(|error| fail(format!("{error:?}"))),
            Err(error) => {
                let log = nvrtc::result::get_program_log(program).unwrap_or_default();
                let log: Vec<u8> = log.into_iter().take_while(|c| *c != 0).map(|c| c as u8).collect();
                Err(fail(format!("NVRTC said {error:?}\n{}", String::from_utf8_lossy(&log))))
            }
        };
        let _ = nvrtc::result::destroy_program(program);
        result
    }
}

/// # Safety
/// The program must be compiled.
unsafe fn cubin(program: nvrtc::sys::nvrtcProgram) -> Result<Vec<u8>, nvrtc::result::NvrtcError> {
    let mut size = 0;
    // SAFETY: the first call writes a number, the second as many bytes as it said.
    unsafe {
        nvrtc::sys::nvrtcGetCUBINSize(program, &mut size).result()?;
        let mut bytes = vec![0u8; size];
        nvrtc::sys::nvrtcGetCUBIN(program, bytes.as_mut_ptr().cast()).result()?;
        Ok(bytes)
    }
}
