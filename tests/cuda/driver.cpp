// A mock of the CUDA driver (libcuda) that runs kernels on the CPU, for tests of programs that use a GPU.
//
// It has the entry points that Tianyan calls through the Rust crate cudarc 0.19; `build` makes libcuda.so of it. Kernels are
// shared objects that the mock of NVRTC (nvrtc.cpp) made: see shim.h for how they run. Device memory is host memory.
//
// The mock is meant to find mistakes of the host code, and is as strict as CUDA allows:
// - Streams are lazy: work waits in the queue of its stream until somebody synchronises with it, and between
//   streams the order is random. Only the copies from and to pageable host memory act at once, as in CUDA. A missing
//   synchronisation therefore shows.
// - Fresh device memory has all bits set, which is NaN for a double. So have the red zones around every
//   allocation, which are looked at after every kernel.
// - Copies and fills are checked against the allocations that live. What is out of range fails with
//   CUDA_ERROR_INVALID_VALUE and a line on stderr.
// - An error of a kernel sticks: from then on every call fails with it, as a broken CUDA context does.
// - Calls that are not allowed during the capture of a graph fail and spoil the capture.
//
// Conventions: every kernel has exactly one parameter, a pointer into device (or pinned) memory; grids and blocks are
// one-dimensional.
//
// Environment, read when the library is loaded:
//   TIANYAN_MOCK_DEVICES=N        number of devices (default 1); with 0 cuInit fails with CUDA_ERROR_NO_DEVICE
//   TIANYAN_MOCK_MEMORY=BYTES     memory of each device (default 2 GiB); more than that is CUDA_ERROR_OUT_OF_MEMORY
//   TIANYAN_MOCK_SMS=N            number of multiprocessors (default 4)
//   TIANYAN_MOCK_NO_FUNCTION=NAME cuModuleGetFunction does not find the kernel of this name
//   TIANYAN_MOCK_LAUNCH_FAILS=N   the N-th launch (those of graphs included) fails with CUDA_ERROR_LAUNCH_FAILED
//   TIANYAN_MOCK_SEED=N           seeds all random orders (default 1)
// TIANYAN_MOCK_NO_BARRIER belongs to shim.h, TIANYAN_MOCK_CACHE to nvrtc.cpp.

#include <algorithm>
#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <dlfcn.h>
#include <elf.h>
#include <functional>
#include <iterator>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

namespace {

// CUresult
enum Result {
    SUCCESS = 0,
    INVALID_VALUE = 1,
    OUT_OF_MEMORY = 2,
    NOT_INITIALIZED = 3,
    NO_DEVICE = 100,
    INVALID_DEVICE = 101,
    INVALID_IMAGE = 200,
    INVALID_CONTEXT = 201,
    OPERATING_SYSTEM = 304,
    INVALID_HANDLE = 400,
    ILLEGAL_STATE = 401,
    NOT_FOUND = 500,
    ILLEGAL_ADDRESS = 700,
    LAUNCH_FAILED = 719,
    NOT_SUPPORTED = 801,
    CAPTURE_UNSUPPORTED = 900,
    CAPTURE_INVALIDATED = 901,
    CAPTURE_WRONG_THREAD = 908,
};

using Address = unsigned long long; // CUdeviceptr

constexpr int MAX_THREADS = 1024;
constexpr int SHARED_DEFAULT = 49152; // dynamic shared memory that a kernel gets without asking for more
constexpr int SHARED_OPT_IN = 232448; // the most that it may ask for
constexpr size_t RED_ZONE = 256;
constexpr unsigned char POISON = 0xff;
constexpr size_t QUEUE_LIMIT = 1024; // a real queue is bounded, too: beyond, a launch waits

uint64_t number(const char *variable, uint64_t otherwise)
{
    const char *value = std::getenv(variable);
    return value && *value ? std::strtoull(value, nullptr, 0) : otherwise;
}

std::string text(const char *variable)
{
    const char *value = std::getenv(variable);
    return value ? value : "";
}

const size_t DEVICES = number("TIANYAN_MOCK_DEVICES", 1);
const size_t MEMORY = number("TIANYAN_MOCK_MEMORY", size_t(2) << 30);
const int MULTIPROCESSORS = int(number("TIANYAN_MOCK_SMS", 4));
const std::string NO_FUNCTION = text("TIANYAN_MOCK_NO_FUNCTION");
const uint64_t LAUNCH_FAILS = number("TIANYAN_MOCK_LAUNCH_FAILS", 0);

// One lock for everything: calls of several threads follow one another, and a kernel runs within one call.
std::recursive_mutex lock;
bool initialised;
Result broken = SUCCESS; // the error that sticks
uint64_t launches;

__attribute__((format(printf, 2, 3))) Result complain(Result result, const char *format, ...)
{
    std::va_list values;
    va_start(values, format);
    std::fputs("cuda mock: ", stderr);
    std::vfprintf(stderr, format, values);
    std::fputc('\n', stderr);
    va_end(values);
    return result;
}

size_t random_below(size_t n)
{
    static uint64_t state = number("TIANYAN_MOCK_SEED", 1) * 0x9e3779b97f4a7c15 | 1;
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (state * 0x2545f4914f6cdd1d >> 32) % n;
}

// Devices and contexts. The handle of a context is the address of its Device.

struct Device {
    int retained = 0;
    size_t used = 0;
};

std::vector<Device> devices(DEVICES);
thread_local Device *current = nullptr;

// Memory

struct Allocation {
    size_t size;
    Device *device;
};

std::map<uintptr_t, Allocation> allocations;
std::map<uintptr_t, size_t> pinned;

template <class Map, class Size> bool covers(const Map &map, uintptr_t start, size_t size, Size size_of)
{
    auto next = map.upper_bound(start);
    if (next == map.begin())
        return false;
    auto found = std::prev(next);
    size_t offset = start - found->first;
    return offset <= size_of(found->second) && size <= size_of(found->second) - offset;
}

bool on_device(Address start, size_t size)
{
    return covers(allocations, start, size, [](const Allocation &a) { return a.size; });
}

bool is_pinned(const void *start, size_t size)
{
    return covers(pinned, uintptr_t(start), size, [](size_t s) { return s; });
}

bool reachable(Address start, size_t size)
{
    return size == 0 || on_device(start, size) || is_pinned(reinterpret_cast<void *>(start), size);
}

unsigned char *bytes(Address address)
{
    return reinterpret_cast<unsigned char *>(address);
}

Result allocate(Address *address, size_t size)
{
    if (size > MEMORY - current->used)
        return OUT_OF_MEMORY;
    size_t padded = (size + 2 * RED_ZONE + 255) / 256 * 256;
    void *block = std::aligned_alloc(256, padded);
    if (!block)
        return OUT_OF_MEMORY;
    std::memset(block, POISON, padded);
    *address = Address(block) + RED_ZONE;
    allocations[*address] = {size, current};
    current->used += size;
    return SUCCESS;
}

void release(Address address)
{
    auto found = allocations.find(address);
    found->second.device->used -= found->second.size;
    allocations.erase(found);
    std::free(bytes(address) - RED_ZONE);
}

// Whether nobody has written next to an allocation; says so if somebody has.
bool red_zones_intact(const std::string &kernel)
{
    auto intact = [](const unsigned char *zone) {
        return std::all_of(zone, zone + RED_ZONE, [](unsigned char byte) { return byte == POISON; });
    };
    bool good = true;
    for (const auto &[address, allocation] : allocations)
        if (!intact(bytes(address) - RED_ZONE) || !intact(bytes(address) + allocation.size)) {
            complain(SUCCESS, "kernel %s wrote next to an allocation of %zu bytes", kernel.c_str(), allocation.size);
            good = false;
        }
    return good;
}

// Modules and kernels

struct Module;

struct Function {
    Module *module;
    std::string name;
    void (*entry)(const void *);
    int max_dynamic_shared = SHARED_DEFAULT;
};

struct Module {
    void *library;
    void (*launch)(void (*)(const void *), const void *, unsigned, unsigned, unsigned);
    std::map<std::string, Function> functions;
};

// Streams and graphs

// A piece of work of a stream or of a graph; called when its turn has come.
using Work = std::function<Result()>;

struct Graph {
    std::vector<Work> works;
    size_t kernels = 0;
};

// A capture in progress: what the stream has been given so far.
struct Capture {
    Graph graph;
    std::thread::id thread;
    bool invalid = false;
};

struct Stream {
    std::deque<Work> queue;
    std::unique_ptr<Capture> capture;
};

// Handles are addresses. The tables tell those that live from all others.
template <class T> using Table = std::map<void *, std::shared_ptr<T>>;
Table<Module> modules;
std::map<void *, Function *> functions;
Table<Stream> streams;
Table<Graph> graphs, executables;

template <class T> void *enlist(Table<T> &table, std::shared_ptr<T> object)
{
    void *handle = object.get();
    table[handle] = std::move(object);
    return handle;
}

template <class T> std::shared_ptr<T> find(const Table<T> &table, void *handle)
{
    auto found = table.find(handle);
    return found == table.end() ? nullptr : found->second;
}

// Does the first work in the queue.
void step(Stream &stream)
{
    Work work = std::move(stream.queue.front());
    stream.queue.pop_front();
    if (broken == SUCCESS)
        broken = work();
}

void run_all(Stream &stream)
{
    while (!stream.queue.empty())
        step(stream);
}

void run_everything()
{
    for (;;) {
        std::vector<Stream *> busy;
        for (const auto &entry : streams)
            if (!entry.second->queue.empty())
                busy.push_back(entry.second.get());
        if (busy.empty())
            return;
        step(*busy[random_below(busy.size())]);
    }
}

Result submit(Stream &stream, Work work)
{
    if (stream.capture) {
        if (stream.capture->invalid)
            return CAPTURE_INVALIDATED;
        stream.capture->graph.works.push_back(std::move(work));
        return SUCCESS;
    }
    stream.queue.push_back(std::move(work));
    if (stream.queue.size() > QUEUE_LIMIT)
        step(stream);
    return broken;
}

// For calls that may not be made during a capture: synchronising ones, and those that may synchronise. Spoils the
// captures of this thread (CU_STREAM_CAPTURE_MODE_THREAD_LOCAL).
Result forbid_capture(const char *call)
{
    Result result = SUCCESS;
    for (const auto &entry : streams) {
        Capture *capture = entry.second->capture.get();
        if (!capture || capture->thread != std::this_thread::get_id())
            continue;
        capture->invalid = true;
        result = CAPTURE_UNSUPPORTED;
    }
    return result == SUCCESS ? result : complain(result, "%s during the capture of a graph", call);
}

Result check_context()
{
    if (!initialised)
        return NOT_INITIALIZED;
    if (!current)
        return INVALID_CONTEXT;
    return broken;
}

Result check_initialised()
{
    return initialised ? SUCCESS : NOT_INITIALIZED;
}

Result check_device(int ordinal)
{
    if (!initialised)
        return NOT_INITIALIZED;
    return ordinal >= 0 && size_t(ordinal) < DEVICES ? SUCCESS : INVALID_DEVICE;
}

// Copies and fills

// Checks a range of device memory now, when the call is made, and again when the work is done.
Result check_range(const char *call, Address start, size_t size)
{
    if (reachable(start, size))
        return SUCCESS;
    return complain(INVALID_VALUE, "%s: %zu bytes at %#llx are not within one allocation", call, size, start);
}

Work copy_work(const char *call, Address to, Address from, size_t size, bool to_device, bool from_device)
{
    return [=] {
        if ((to_device && check_range(call, to, size)) || (from_device && check_range(call, from, size)))
            return ILLEGAL_ADDRESS;
        std::memmove(bytes(to), bytes(from), size);
        return SUCCESS;
    };
}

Result copy_to_device(void *handle, const char *call, Address to, const void *from, size_t size)
{
    auto stream = find(streams, handle);
    if (!stream)
        return INVALID_HANDLE;
    if (Result result = check_range(call, to, size))
        return result;
    // A graph reads the host's memory when it runs; otherwise pageable memory is read before the call returns.
    if (stream->capture || is_pinned(from, size))
        return submit(*stream, copy_work(call, to, Address(from), size, true, false));
    auto staged = std::make_shared<std::vector<unsigned char>>(size);
    if (size > 0)
        std::memcpy(staged->data(), from, size);
    return submit(*stream, [=] { return copy_work(call, to, Address(staged->data()), size, true, false)(); });
}

Result copy_to_host(void *handle, const char *call, void *to, Address from, size_t size)
{
    auto stream = find(streams, handle);
    if (!stream)
        return INVALID_HANDLE;
    if (Result result = check_range(call, from, size))
        return result;
    if (Result result = submit(*stream, copy_work(call, Address(to), from, size, false, true)))
        return result;
    // Pageable memory is written before the call returns.
    if (!stream->capture && !is_pinned(to, size))
        run_all(*stream);
    return broken;
}

Result copy_on_device(void *handle, const char *call, Address to, Address from, size_t size)
{
    auto stream = find(streams, handle);
    if (!stream)
        return INVALID_HANDLE;
    if (Result result = check_range(call, to, size))
        return result;
    if (Result result = check_range(call, from, size))
        return result;
    return submit(*stream, copy_work(call, to, from, size, true, true));
}

Result fill(void *handle, const char *call, Address to, unsigned char value, size_t size)
{
    auto stream = find(streams, handle);
    if (!stream)
        return INVALID_HANDLE;
    if (Result result = check_range(call, to, size))
        return result;
    return submit(*stream, [=] {
        if (check_range(call, to, size))
            return ILLEGAL_ADDRESS;
        std::memset(bytes(to), value, size);
        return SUCCESS;
    });
}

// Launches

Result launch(void *function, unsigned grid, unsigned block, unsigned shared, void *handle, void **parameters)
{
    auto stream = find(streams, handle);
    auto found = functions.find(function);
    if (!stream || found == functions.end())
        return INVALID_HANDLE;
    const Function &kernel = *found->second;
    const char *name = kernel.name.c_str();
    if (grid == 0 || block == 0 || block > MAX_THREADS)
        return complain(INVALID_VALUE, "kernel %s: %u blocks of %u threads", name, grid, block);
    if (shared > unsigned(kernel.max_dynamic_shared))
        return complain(INVALID_VALUE, "kernel %s: %u bytes of dynamic shared memory, of which %d are allowed", name,
                        shared, kernel.max_dynamic_shared);
    if (!parameters || !parameters[0])
        return complain(INVALID_VALUE, "kernel %s: no parameter", name);
    Address argument;
    std::memcpy(&argument, parameters[0], sizeof(argument));
    Work work = [=, module = find(modules, kernel.module), entry = kernel.entry, name = kernel.name] {
        if (!reachable(argument, 1))
            return complain(ILLEGAL_ADDRESS, "kernel %s: its parameter %#llx is no address of memory", name.c_str(),
                            argument);
        module->launch(entry, bytes(argument), grid, block, shared);
        return red_zones_intact(name) ? SUCCESS : ILLEGAL_ADDRESS;
    };
    if (stream->capture)
        ++stream->capture->graph.kernels;
    else if (++launches == LAUNCH_FAILS)
        return broken = LAUNCH_FAILED;
    return submit(*stream, std::move(work));
}

// Modules

// The size of an ELF file that begins at `image`, from its own tables; 0 if it is none.
size_t image_size(const void *image)
{
    if (std::strncmp(static_cast<const char *>(image), ELFMAG, SELFMAG) != 0)
        return 0;
    Elf64_Ehdr header;
    std::memcpy(&header, image, sizeof(header));
    // The linker puts the table of sections last.
    return header.e_shoff + size_t(header.e_shnum) * header.e_shentsize;
}

Result load(void **handle, const void *image, size_t size)
{
    std::string path = text("TMPDIR");
    path = (path.empty() ? "/tmp" : path) + "/tianyan-mock-XXXXXX";
    int file = mkstemp(&path[0]);
    if (file < 0)
        return OPERATING_SYSTEM;
    bool written = write(file, image, size) == ssize_t(size);
    close(file);
    void *library = written ? dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL) : nullptr;
    unlink(path.c_str());
    if (!library)
        return complain(INVALID_IMAGE, "%s", written ? dlerror() : "cannot write the module to a file");
    // The library goes when the last piece of work that needs it has gone.
    std::shared_ptr<Module> module(new Module{library, nullptr, {}}, [](Module *m) {
        dlclose(m->library);
        delete m;
    });
    module->launch = reinterpret_cast<decltype(module->launch)>(dlsym(library, "shim_launch"));
    if (!module->launch)
        return INVALID_IMAGE;
    *handle = enlist(modules, std::move(module));
    return SUCCESS;
}

int attribute(int which)
{
    switch (which) {
    case 13: return 1980000;         // CLOCK_RATE
    case 16: return MULTIPROCESSORS; // MULTIPROCESSOR_COUNT
    case 75: return 9;               // COMPUTE_CAPABILITY_MAJOR
    case 76: return 0;               // COMPUTE_CAPABILITY_MINOR
    case 97: return SHARED_OPT_IN;   // MAX_SHARED_MEMORY_PER_BLOCK_OPTIN
    case 115: return 1;              // MEMORY_POOLS_SUPPORTED
    default: return complain(SUCCESS, "the attribute %d of a device is not known here", which);
    }
}

} // namespace

#define API extern "C" __attribute__((visibility("default"))) Result

// What every call begins with: the lock, and a return if `check` fails.
#define ENTER(check)                                        \
    std::lock_guard<std::recursive_mutex> guard(lock);      \
    if (Result entering = (check))                          \
    return entering
// The next check of the same call.
#define CHECK(check)                                        \
    if (Result checking = (check))                          \
    return checking

// Initialisation and devices

API cuInit(unsigned flags)
{
    ENTER(flags == 0 ? SUCCESS : INVALID_VALUE);
    if (DEVICES == 0)
        return NO_DEVICE;
    initialised = true;
    return SUCCESS;
}

API cuDriverGetVersion(int *version)
{
    *version = 13000;
    return SUCCESS;
}

API cuDeviceGetCount(int *count)
{
    ENTER(check_initialised());
    *count = int(DEVICES);
    return SUCCESS;
}

API cuDeviceGet(int *device, int ordinal)
{
    ENTER(check_device(ordinal));
    *device = ordinal;
    return SUCCESS;
}

API cuDeviceGetName(char *name, int length, int device)
{
    ENTER(check_device(device));
    std::snprintf(name, size_t(length), "Tianyan mock device %d", device);
    return SUCCESS;
}

API cuDeviceGetAttribute(int *value, int which, int device)
{
    ENTER(check_device(device));
    *value = attribute(which);
    return SUCCESS;
}

// Contexts

API cuDevicePrimaryCtxRetain(void **context, int device)
{
    ENTER(check_device(device));
    ++devices[size_t(device)].retained;
    *context = &devices[size_t(device)];
    return SUCCESS;
}

API cuDevicePrimaryCtxRelease_v2(int device)
{
    ENTER(check_device(device));
    Device &released = devices[size_t(device)];
    if (released.retained == 0)
        return INVALID_CONTEXT;
    if (--released.retained > 0)
        return SUCCESS;
    // The context goes, and with it its memory and its error.
    run_everything();
    for (auto entry = allocations.begin(); entry != allocations.end();) {
        auto next = std::next(entry);
        if (entry->second.device == &released)
            release(entry->first);
        entry = next;
    }
    broken = SUCCESS;
    return SUCCESS;
}

API cuCtxGetCurrent(void **context)
{
    ENTER(check_initialised());
    *context = current;
    return SUCCESS;
}

API cuCtxSetCurrent(void *context)
{
    ENTER(check_initialised());
    for (Device &device : devices)
        if (&device == context && device.retained == 0)
            return INVALID_CONTEXT;
    current = static_cast<Device *>(context);
    return SUCCESS;
}

API cuCtxSynchronize()
{
    ENTER(check_context());
    CHECK(forbid_capture("cuCtxSynchronize"));
    run_everything();
    return broken;
}

// Streams

API cuStreamCreate(void **stream, unsigned)
{
    ENTER(check_context());
    *stream = enlist(streams, std::make_shared<Stream>());
    return SUCCESS;
}

API cuStreamDestroy_v2(void *handle)
{
    ENTER(check_context());
    auto stream = find(streams, handle);
    if (!stream)
        return INVALID_HANDLE;
    run_all(*stream);
    streams.erase(handle);
    return broken;
}

API cuStreamSynchronize(void *handle)
{
    ENTER(check_context());
    auto stream = find(streams, handle);
    if (!stream)
        return INVALID_HANDLE;
    CHECK(forbid_capture("cuStreamSynchronize"));
    run_all(*stream);
    return broken;
}

// Memory

API cuMemGetInfo_v2(size_t *free, size_t *total)
{
    ENTER(check_context());
    *free = MEMORY - current->used;
    *total = MEMORY;
    return SUCCESS;
}

API cuMemAlloc_v2(Address *address, size_t size)
{
    ENTER(check_context());
    CHECK(forbid_capture("cuMemAlloc"));
    return size == 0 ? INVALID_VALUE : allocate(address, size);
}

API cuMemFree_v2(Address address)
{
    ENTER(check_context());
    CHECK(forbid_capture("cuMemFree"));
    if (address == 0)
        return SUCCESS;
    run_everything();
    if (!allocations.count(address))
        return complain(INVALID_VALUE, "cuMemFree: nothing is allocated at %#llx", address);
    release(address);
    return broken;
}

API cuMemHostAlloc(void **address, size_t size, unsigned)
{
    ENTER(check_context());
    CHECK(forbid_capture("cuMemHostAlloc"));
    if (size == 0)
        return INVALID_VALUE;
    size_t padded = (size + 4095) / 4096 * 4096;
    *address = std::aligned_alloc(4096, padded);
    if (!*address)
        return OUT_OF_MEMORY;
    std::memset(*address, POISON, padded);
    pinned[uintptr_t(*address)] = size;
    return SUCCESS;
}

API cuMemFreeHost(void *address)
{
    ENTER(check_context());
    CHECK(forbid_capture("cuMemFreeHost"));
    run_everything();
    if (!pinned.erase(uintptr_t(address)))
        return complain(INVALID_VALUE, "cuMemFreeHost: no pinned memory begins at %p", address);
    std::free(address);
    return broken;
}

API cuMemcpyHtoDAsync_v2(Address to, const void *from, size_t size, void *stream)
{
    ENTER(check_context());
    return copy_to_device(stream, "cuMemcpyHtoDAsync", to, from, size);
}

API cuMemcpyDtoHAsync_v2(void *to, Address from, size_t size, void *stream)
{
    ENTER(check_context());
    return copy_to_host(stream, "cuMemcpyDtoHAsync", to, from, size);
}

API cuMemcpyDtoDAsync_v2(Address to, Address from, size_t size, void *stream)
{
    ENTER(check_context());
    return copy_on_device(stream, "cuMemcpyDtoDAsync", to, from, size);
}

API cuMemsetD8Async(Address to, unsigned char value, size_t count, void *stream)
{
    ENTER(check_context());
    return fill(stream, "cuMemsetD8Async", to, value, count);
}

// Modules and kernels

API cuModuleLoadData(void **module, const void *image)
{
    ENTER(check_context());
    CHECK(forbid_capture("cuModuleLoadData"));
    size_t size = image ? image_size(image) : 0;
    return size == 0 ? INVALID_IMAGE : load(module, image, size);
}

API cuModuleUnload(void *handle)
{
    ENTER(check_context());
    auto module = find(modules, handle);
    if (!module)
        return INVALID_HANDLE;
    run_everything();
    for (auto &entry : module->functions)
        functions.erase(&entry.second);
    modules.erase(handle);
    return broken;
}

API cuModuleGetFunction(void **function, void *handle, const char *name)
{
    ENTER(check_context());
    auto module = find(modules, handle);
    if (!module)
        return INVALID_HANDLE;
    if (NO_FUNCTION == name)
        return NOT_FOUND;
    void *symbol = dlsym(module->library, name);
    if (!symbol)
        return NOT_FOUND;
    Function made{module.get(), name, reinterpret_cast<void (*)(const void *)>(symbol)};
    Function *kernel = &module->functions.emplace(name, made).first->second;
    functions[kernel] = kernel;
    *function = kernel;
    return SUCCESS;
}

API cuFuncSetAttribute(void *function, int which, int value)
{
    ENTER(check_context());
    auto found = functions.find(function);
    if (found == functions.end())
        return INVALID_HANDLE;
    if (which == 9) // PREFERRED_SHARED_MEMORY_CARVEOUT
        return value >= -1 && value <= 100 ? SUCCESS : INVALID_VALUE;
    if (which != 8 || value < 0 || value > SHARED_OPT_IN) // MAX_DYNAMIC_SHARED_SIZE_BYTES
        return INVALID_VALUE;
    found->second->max_dynamic_shared = value;
    return SUCCESS;
}

API cuLaunchKernel(void *function, unsigned grid_x, unsigned grid_y, unsigned grid_z, unsigned block_x,
                   unsigned block_y, unsigned block_z, unsigned shared, void *stream, void **parameters, void **)
{
    ENTER(check_context());
    if (grid_y != 1 || grid_z != 1 || block_y != 1 || block_z != 1)
        return complain(NOT_SUPPORTED, "only one-dimensional launches");
    return launch(function, grid_x, block_x, shared, stream, parameters);
}

// Capture and graphs. A graph does its works in the order in which they were captured.

API cuStreamBeginCapture_v2(void *handle, unsigned mode)
{
    ENTER(check_context());
    auto stream = find(streams, handle);
    if (!stream)
        return INVALID_HANDLE;
    if (stream->capture)
        return ILLEGAL_STATE;
    if (mode != 1)
        return complain(NOT_SUPPORTED, "only captures of mode THREAD_LOCAL");
    stream->capture = std::make_unique<Capture>();
    stream->capture->thread = std::this_thread::get_id();
    return SUCCESS;
}

API cuStreamEndCapture(void *handle, void **graph)
{
    ENTER(check_context());
    *graph = nullptr;
    auto stream = find(streams, handle);
    if (!stream)
        return INVALID_HANDLE;
    if (!stream->capture)
        return ILLEGAL_STATE;
    if (stream->capture->thread != std::this_thread::get_id())
        return CAPTURE_WRONG_THREAD;
    auto capture = std::move(stream->capture);
    if (capture->invalid)
        return CAPTURE_INVALIDATED;
    *graph = enlist(graphs, std::make_shared<Graph>(std::move(capture->graph)));
    return SUCCESS;
}

API cuGraphInstantiateWithFlags(void **executable, void *handle, unsigned long long flags)
{
    ENTER(check_context());
    auto graph = find(graphs, handle);
    if (!graph)
        return INVALID_HANDLE;
    // Of the flags only DEVICE_LAUNCH (4) would make a difference.
    if (flags > 15 || flags & 4)
        return INVALID_VALUE;
    *executable = enlist(executables, std::make_shared<Graph>(*graph));
    return SUCCESS;
}

API cuGraphLaunch(void *handle, void *stream_handle)
{
    ENTER(check_context());
    auto graph = find(executables, handle);
    auto stream = find(streams, stream_handle);
    if (!graph || !stream)
        return INVALID_HANDLE;
    CHECK(forbid_capture("cuGraphLaunch"));
    uint64_t before = launches;
    launches += graph->kernels;
    if (before < LAUNCH_FAILS && launches >= LAUNCH_FAILS)
        return broken = LAUNCH_FAILED;
    for (const Work &work : graph->works)
        CHECK(submit(*stream, work));
    return SUCCESS;
}

API cuGraphExecDestroy(void *handle)
{
    ENTER(check_context());
    return executables.erase(handle) ? SUCCESS : INVALID_HANDLE;
}

API cuGraphDestroy(void *handle)
{
    ENTER(check_context());
    return graphs.erase(handle) ? SUCCESS : INVALID_HANDLE;
}
