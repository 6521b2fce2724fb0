// A mock of the CUDA driver (libcuda) that runs kernels on the CPU, for tests of programs that use a GPU.
//
// It has the entry points that the Rust crate cudarc 0.19 calls and the usual ones around them; `build` makes
// libcuda.so of it. Kernels are shared objects that the mock of NVRTC (nvrtc.cpp) made: see shim.h for how they run.
// Device memory is host memory.
//
// The mock is meant to find mistakes of the host code, and is as strict as CUDA allows:
// - Streams are lazy: work waits in the queue of its stream until somebody synchronises with it, and between
//   streams the order is random. Only the copies from and to pageable host memory act at once, as in CUDA. A missing
//   synchronisation, or a missing event between two streams, therefore shows. Streams never wait for the default
//   stream on their own (as streams with CU_STREAM_NON_BLOCKING, which is what cudarc makes).
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
#include <chrono>
#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <dlfcn.h>
#include <elf.h>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <memory>
#include <mutex>
#include <set>
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
    FILE_NOT_FOUND = 301,
    OPERATING_SYSTEM = 304,
    INVALID_HANDLE = 400,
    ILLEGAL_STATE = 401,
    NOT_FOUND = 500,
    NOT_READY = 600,
    ILLEGAL_ADDRESS = 700,
    LAUNCH_FAILED = 719,
    NOT_SUPPORTED = 801,
    CAPTURE_UNSUPPORTED = 900,
    CAPTURE_INVALIDATED = 901,
    CAPTURE_MERGE = 902,
    CAPTURE_UNMATCHED = 903,
    CAPTURE_UNJOINED = 904,
    CAPTURE_ISOLATION = 905,
    CAPTURED_EVENT = 907,
    CAPTURE_WRONG_THREAD = 908,
};

struct ErrorText {
    Result code;
    const char *name, *text;
};

const ErrorText ERRORS[] = {
    {SUCCESS, "CUDA_SUCCESS", "no error"},
    {INVALID_VALUE, "CUDA_ERROR_INVALID_VALUE", "invalid argument"},
    {OUT_OF_MEMORY, "CUDA_ERROR_OUT_OF_MEMORY", "out of memory"},
    {NOT_INITIALIZED, "CUDA_ERROR_NOT_INITIALIZED", "initialization error"},
    {NO_DEVICE, "CUDA_ERROR_NO_DEVICE", "no CUDA-capable device is detected"},
    {INVALID_DEVICE, "CUDA_ERROR_INVALID_DEVICE", "invalid device ordinal"},
    {INVALID_IMAGE, "CUDA_ERROR_INVALID_IMAGE", "device kernel image is invalid"},
    {INVALID_CONTEXT, "CUDA_ERROR_INVALID_CONTEXT", "invalid device context"},
    {FILE_NOT_FOUND, "CUDA_ERROR_FILE_NOT_FOUND", "file not found"},
    {OPERATING_SYSTEM, "CUDA_ERROR_OPERATING_SYSTEM", "OS call failed"},
    {INVALID_HANDLE, "CUDA_ERROR_INVALID_HANDLE", "invalid resource handle"},
    {ILLEGAL_STATE, "CUDA_ERROR_ILLEGAL_STATE", "the operation cannot be performed in the present state"},
    {NOT_FOUND, "CUDA_ERROR_NOT_FOUND", "named symbol not found"},
    {NOT_READY, "CUDA_ERROR_NOT_READY", "device not ready"},
    {ILLEGAL_ADDRESS, "CUDA_ERROR_ILLEGAL_ADDRESS", "an illegal memory access was encountered"},
    {LAUNCH_FAILED, "CUDA_ERROR_LAUNCH_FAILED", "unspecified launch failure"},
    {NOT_SUPPORTED, "CUDA_ERROR_NOT_SUPPORTED", "operation not supported"},
    {CAPTURE_UNSUPPORTED, "CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED", "operation not permitted when stream is capturing"},
    {CAPTURE_INVALIDATED, "CUDA_ERROR_STREAM_CAPTURE_INVALIDATED", "operation failed due to an error during capture"},
    {CAPTURE_MERGE, "CUDA_ERROR_STREAM_CAPTURE_MERGE", "operation would merge separate capture sequences"},
    {CAPTURE_UNMATCHED, "CUDA_ERROR_STREAM_CAPTURE_UNMATCHED", "capture was not ended in the stream where it began"},
    {CAPTURE_UNJOINED, "CUDA_ERROR_STREAM_CAPTURE_UNJOINED", "capturing stream has unjoined work"},
    {CAPTURE_ISOLATION, "CUDA_ERROR_STREAM_CAPTURE_ISOLATION", "dependency on uncaptured work in another stream"},
    {CAPTURED_EVENT, "CUDA_ERROR_CAPTURED_EVENT", "operation not permitted on an event recorded in a capture"},
    {CAPTURE_WRONG_THREAD, "CUDA_ERROR_STREAM_CAPTURE_WRONG_THREAD", "capture cannot be ended by another thread"},
};

using Address = unsigned long long; // CUdeviceptr

constexpr int MAX_THREADS = 1024;
constexpr int WARP = 32;
constexpr int SHARED_DEFAULT = 49152;         // dynamic shared memory that a kernel gets without asking for more
constexpr int SHARED_OPT_IN = 232448;         // the most that it may ask for
constexpr int SHARED_MULTIPROCESSOR = 233472;
constexpr int SHARED_RESERVED = 1024;
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
    bool being_freed = false;
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

// Streams, events, graphs

// A piece of work of a stream or of a graph; called when its turn has come.
using Work = std::function<Result()>;

struct Graph {
    std::vector<Work> works;
    size_t kernels = 0;
};

struct Stream;

// A capture in progress: the streams that take part, and what they have been given so far.
struct Capture {
    Graph graph;
    Stream *origin;
    unsigned mode; // CUstreamCaptureMode: 0 global, 1 thread-local, 2 relaxed
    std::thread::id thread;
    bool invalid = false;
    std::set<Stream *> streams;
};

struct Stream {
    std::deque<Work> queue;
    uint64_t submitted = 0, done = 0; // works so far
    std::shared_ptr<Capture> capture;
    uint64_t captured = 0; // works that the capture got from this stream
    bool joined = true;    // whether the origin of the capture waits for all of them
};

struct Event {
    bool timed;
    std::shared_ptr<Stream> stream; // where it was recorded last; none before
    uint64_t position = 0;          // complete when that stream has done so many works
    std::weak_ptr<Capture> capture; // or the capture that it was recorded in
    bool captured = false;
    std::chrono::steady_clock::time_point time;
};

// Handles are addresses. The tables tell those that live from all others.
template <class T> using Table = std::map<void *, std::shared_ptr<T>>;
Table<Module> modules;
std::map<void *, Function *> functions;
Table<Stream> streams;
Table<Event> events;
Table<Graph> graphs, executables;
const std::shared_ptr<Stream> default_stream = std::make_shared<Stream>();

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

// 0, 1 and 2 stand for the default streams.
std::shared_ptr<Stream> find_stream(void *handle)
{
    return uintptr_t(handle) <= 2 ? default_stream : find(streams, handle);
}

// Does the first work in the queue.
void step(Stream &stream)
{
    Work work = std::move(stream.queue.front());
    stream.queue.pop_front();
    if (broken == SUCCESS)
        broken = work();
    ++stream.done;
}

void run_until(Stream &stream, uint64_t position)
{
    while (stream.done < position)
        step(stream);
}

void run_all(Stream &stream)
{
    run_until(stream, stream.submitted);
}

void run_everything()
{
    for (;;) {
        std::vector<Stream *> busy;
        if (!default_stream->queue.empty())
            busy.push_back(default_stream.get());
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
        ++stream.captured;
        stream.joined = stream.capture->origin == &stream;
        return SUCCESS;
    }
    stream.queue.push_back(std::move(work));
    ++stream.submitted;
    if (stream.queue.size() > QUEUE_LIMIT)
        step(stream);
    return broken;
}

// For calls that may not be made during a capture: synchronising ones, and those that may synchronise. Spoils the
// captures that forbid them to this thread.
Result forbid_capture(const char *call)
{
    Result result = SUCCESS;
    for (const auto &entry : streams) {
        Capture *capture = entry.second->capture.get();
        if (!capture || capture->mode == 2 || (capture->mode == 1 && capture->thread != std::this_thread::get_id()))
            continue;
        capture->invalid = true;
        result = CAPTURE_UNSUPPORTED;
    }
    return result == SUCCESS ? result : complain(result, "%s during the capture of a graph", call);
}

Result forbid_capture(Stream &stream, const char *call)
{
    if (!stream.capture)
        return SUCCESS;
    stream.capture->invalid = true;
    return complain(CAPTURE_UNSUPPORTED, "%s on a stream that is being captured", call);
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
    auto stream = find_stream(handle);
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
    auto stream = find_stream(handle);
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
    auto stream = find_stream(handle);
    if (!stream)
        return INVALID_HANDLE;
    if (Result result = check_range(call, to, size))
        return result;
    if (Result result = check_range(call, from, size))
        return result;
    return submit(*stream, copy_work(call, to, from, size, true, true));
}

template <class T> Result fill(void *handle, const char *call, Address to, T value, size_t count)
{
    auto stream = find_stream(handle);
    if (!stream)
        return INVALID_HANDLE;
    if (to % sizeof(T) != 0)
        return complain(INVALID_VALUE, "%s: %#llx is not aligned", call, to);
    if (Result result = check_range(call, to, count * sizeof(T)))
        return result;
    return submit(*stream, [=] {
        if (check_range(call, to, count * sizeof(T)))
            return ILLEGAL_ADDRESS;
        std::fill_n(reinterpret_cast<T *>(to), count, value);
        return SUCCESS;
    });
}

// The synchronous form of a call on the default stream.
Result finish(Result result)
{
    if (result == SUCCESS)
        run_all(*default_stream);
    return result == SUCCESS ? broken : result;
}

// Launches

Result launch(void *function, unsigned grid, unsigned block, unsigned shared, void *handle, void **parameters)
{
    auto stream = find_stream(handle);
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

// How many blocks of this size a multiprocessor would hold.
int resident_blocks(int block, size_t shared)
{
    int threads = (block + WARP - 1) / WARP * WARP;
    size_t by_shared = SHARED_MULTIPROCESSOR / (shared + SHARED_RESERVED);
    return int(std::min({size_t(2048 / threads), by_shared, size_t(32)}));
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

int attribute(int which, int ordinal)
{
    switch (which) {
    case 1: return MAX_THREADS;          // MAX_THREADS_PER_BLOCK
    case 2: return MAX_THREADS;          // MAX_BLOCK_DIM_X
    case 3: return 1024;                 // MAX_BLOCK_DIM_Y
    case 4: return 64;                   // MAX_BLOCK_DIM_Z
    case 5: return 0x7fffffff;           // MAX_GRID_DIM_X
    case 6: return 65535;                // MAX_GRID_DIM_Y
    case 7: return 65535;                // MAX_GRID_DIM_Z
    case 8: return SHARED_DEFAULT;       // MAX_SHARED_MEMORY_PER_BLOCK
    case 9: return 65536;                // TOTAL_CONSTANT_MEMORY
    case 10: return WARP;                // WARP_SIZE
    case 12: return 65536;               // MAX_REGISTERS_PER_BLOCK
    case 13: return 1980000;             // CLOCK_RATE
    case 16: return MULTIPROCESSORS;     // MULTIPROCESSOR_COUNT
    case 19: return 1;                   // CAN_MAP_HOST_MEMORY
    case 31: return 1;                   // CONCURRENT_KERNELS
    case 32: return 1;                   // ECC_ENABLED
    case 33: return ordinal;             // PCI_BUS_ID
    case 36: return 2619000;             // MEMORY_CLOCK_RATE
    case 37: return 5120;                // GLOBAL_MEMORY_BUS_WIDTH
    case 38: return 52428800;            // L2_CACHE_SIZE
    case 39: return 2048;                // MAX_THREADS_PER_MULTIPROCESSOR
    case 40: return 3;                   // ASYNC_ENGINE_COUNT
    case 41: return 1;                   // UNIFIED_ADDRESSING
    case 75: return 9;                   // COMPUTE_CAPABILITY_MAJOR
    case 76: return 0;                   // COMPUTE_CAPABILITY_MINOR
    case 78: return 1;                   // STREAM_PRIORITIES_SUPPORTED
    case 81: return SHARED_MULTIPROCESSOR; // MAX_SHARED_MEMORY_PER_MULTIPROCESSOR
    case 82: return 65536;               // MAX_REGISTERS_PER_MULTIPROCESSOR
    case 87: return 2;                   // SINGLE_TO_DOUBLE_PRECISION_PERF_RATIO
    case 97: return SHARED_OPT_IN;       // MAX_SHARED_MEMORY_PER_BLOCK_OPTIN
    case 99: return 1;                   // HOST_REGISTER_SUPPORTED
    case 106: return 32;                 // MAX_BLOCKS_PER_MULTIPROCESSOR
    case 111: return SHARED_RESERVED;    // RESERVED_SHARED_MEMORY_PER_BLOCK
    case 115: return 1;                  // MEMORY_POOLS_SUPPORTED
    default: return 0;
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

// Errors, initialisation, devices

API cuGetErrorName(int error, const char **name)
{
    for (const ErrorText &known : ERRORS)
        if (known.code == error) {
            *name = known.name;
            return SUCCESS;
        }
    *name = nullptr;
    return INVALID_VALUE;
}

API cuGetErrorString(int error, const char **description)
{
    for (const ErrorText &known : ERRORS)
        if (known.code == error) {
            *description = known.text;
            return SUCCESS;
        }
    *description = nullptr;
    return INVALID_VALUE;
}

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

API cuDeviceGetUuid_v2(void *uuid, int device)
{
    ENTER(check_device(device));
    std::memcpy(uuid, "Tianyan mock dev", 16);
    static_cast<unsigned char *>(uuid)[15] = static_cast<unsigned char>(device);
    return SUCCESS;
}

API cuDeviceGetUuid(void *uuid, int device)
{
    return cuDeviceGetUuid_v2(uuid, device);
}

API cuDeviceTotalMem_v2(size_t *size, int device)
{
    ENTER(check_device(device));
    *size = MEMORY;
    return SUCCESS;
}

API cuDeviceGetAttribute(int *value, int which, int device)
{
    ENTER(check_device(device));
    *value = attribute(which, device);
    return SUCCESS;
}

API cuDeviceCanAccessPeer(int *can, int, int)
{
    ENTER(check_initialised());
    *can = 0;
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

API cuDevicePrimaryCtxGetState(int device, unsigned *flags, int *active)
{
    ENTER(check_device(device));
    *flags = 0;
    *active = devices[size_t(device)].retained > 0;
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

API cuCtxGetDevice(int *device)
{
    ENTER(check_context());
    *device = int(current - devices.data());
    return SUCCESS;
}

API cuCtxSynchronize()
{
    ENTER(check_context());
    CHECK(forbid_capture("cuCtxSynchronize"));
    run_everything();
    return broken;
}

API cuCtxGetStreamPriorityRange(int *least, int *greatest)
{
    ENTER(check_context());
    *least = 0;
    *greatest = -5;
    return SUCCESS;
}

API cuCtxSetFlags(unsigned)
{
    ENTER(check_context());
    return SUCCESS;
}

API cuCtxSetLimit(int, size_t)
{
    ENTER(check_context());
    return SUCCESS;
}

API cuCtxGetLimit(size_t *value, int)
{
    ENTER(check_context());
    *value = 0;
    return SUCCESS;
}

API cuCtxSetCacheConfig(int)
{
    ENTER(check_context());
    return SUCCESS;
}

API cuCtxGetCacheConfig(int *config)
{
    ENTER(check_context());
    *config = 0;
    return SUCCESS;
}

API cuProfilerStart()
{
    return SUCCESS;
}

API cuProfilerStop()
{
    return SUCCESS;
}

// Streams

API cuStreamCreate(void **stream, unsigned)
{
    ENTER(check_context());
    *stream = enlist(streams, std::make_shared<Stream>());
    return SUCCESS;
}

API cuStreamCreateWithPriority(void **stream, unsigned flags, int)
{
    return cuStreamCreate(stream, flags);
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
    auto stream = find_stream(handle);
    if (!stream)
        return INVALID_HANDLE;
    CHECK(forbid_capture(*stream, "cuStreamSynchronize"));
    run_all(*stream);
    return broken;
}

// Also makes a little progress, so that a host that asks again and again comes to an end.
API cuStreamQuery(void *handle)
{
    ENTER(check_context());
    auto stream = find_stream(handle);
    if (!stream)
        return INVALID_HANDLE;
    CHECK(forbid_capture("cuStreamQuery"));
    if (stream->queue.empty())
        return SUCCESS;
    step(*stream);
    return broken == SUCCESS ? NOT_READY : broken;
}

API cuStreamWaitEvent(void *handle, void *event_handle, unsigned)
{
    ENTER(check_context());
    auto stream = find_stream(handle);
    auto event = find(events, event_handle);
    if (!stream || !event)
        return INVALID_HANDLE;
    if (!event->stream)
        return SUCCESS;
    if (!event->captured) {
        if (stream->capture) {
            stream->capture->invalid = true;
            return complain(CAPTURE_ISOLATION, "a captured stream waits for an event from before the capture");
        }
        return submit(*stream, [other = event->stream, position = event->position] {
            run_until(*other, position);
            return broken;
        });
    }
    auto capture = event->capture.lock();
    if (!capture)
        return complain(CAPTURED_EVENT, "a stream waits for an event of a capture that has ended");
    if (stream->capture && stream->capture != capture)
        return CAPTURE_MERGE;
    if (!stream->capture) {
        // This is how a second stream comes into a capture.
        stream->capture = capture;
        stream->captured = 0;
        stream->joined = false;
        capture->streams.insert(stream.get());
    }
    if (stream.get() == capture->origin && event->position == event->stream->captured)
        event->stream->joined = true;
    return SUCCESS;
}

API cuLaunchHostFunc(void *handle, void (*function)(void *), void *argument)
{
    ENTER(check_context());
    auto stream = find_stream(handle);
    if (!stream)
        return INVALID_HANDLE;
    return submit(*stream, [=] {
        function(argument);
        return SUCCESS;
    });
}

// Events

API cuEventCreate(void **event, unsigned flags)
{
    ENTER(check_context());
    auto made = std::make_shared<Event>();
    made->timed = !(flags & 2); // CU_EVENT_DISABLE_TIMING
    *event = enlist(events, std::move(made));
    return SUCCESS;
}

API cuEventDestroy_v2(void *handle)
{
    ENTER(check_context());
    return events.erase(handle) ? SUCCESS : INVALID_HANDLE;
}

API cuEventRecord(void *handle, void *stream_handle)
{
    ENTER(check_context());
    auto event = find(events, handle);
    auto stream = find_stream(stream_handle);
    if (!event || !stream)
        return INVALID_HANDLE;
    event->stream = stream;
    event->captured = bool(stream->capture);
    event->capture = stream->capture;
    if (event->captured) {
        event->position = stream->captured;
        return stream->capture->invalid ? CAPTURE_INVALIDATED : SUCCESS;
    }
    event->position = stream->submitted + 1;
    return submit(*stream, [event] {
        event->time = std::chrono::steady_clock::now();
        return SUCCESS;
    });
}

API cuEventSynchronize(void *handle)
{
    ENTER(check_context());
    auto event = find(events, handle);
    if (!event)
        return INVALID_HANDLE;
    if (event->captured)
        return CAPTURED_EVENT;
    CHECK(forbid_capture("cuEventSynchronize"));
    if (event->stream)
        run_until(*event->stream, event->position);
    return broken;
}

// Also makes a little progress, as cuStreamQuery does.
API cuEventQuery(void *handle)
{
    ENTER(check_context());
    auto event = find(events, handle);
    if (!event)
        return INVALID_HANDLE;
    if (event->captured)
        return CAPTURED_EVENT;
    CHECK(forbid_capture("cuEventQuery"));
    if (!event->stream || event->stream->done >= event->position)
        return SUCCESS;
    step(*event->stream);
    return broken == SUCCESS ? NOT_READY : broken;
}

API cuEventElapsedTime_v2(float *milliseconds, void *start_handle, void *end_handle)
{
    ENTER(check_context());
    auto start = find(events, start_handle), end = find(events, end_handle);
    if (!start || !end || !start->timed || !end->timed || !start->stream || !end->stream)
        return INVALID_HANDLE;
    if (start->captured || end->captured)
        return CAPTURED_EVENT;
    if (start->stream->done < start->position || end->stream->done < end->position)
        return NOT_READY;
    *milliseconds = std::chrono::duration<float, std::milli>(end->time - start->time).count();
    return SUCCESS;
}

API cuEventElapsedTime(float *milliseconds, void *start, void *end)
{
    return cuEventElapsedTime_v2(milliseconds, start, end);
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

API cuMemAllocAsync(Address *address, size_t size, void *handle)
{
    ENTER(check_context());
    auto stream = find_stream(handle);
    if (!stream)
        return INVALID_HANDLE;
    CHECK(forbid_capture(*stream, "cuMemAllocAsync"));
    *address = 0;
    return size == 0 ? SUCCESS : allocate(address, size);
}

API cuMemAllocFromPoolAsync(Address *address, size_t size, void *, void *stream)
{
    return cuMemAllocAsync(address, size, stream);
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

API cuMemFreeAsync(Address address, void *handle)
{
    ENTER(check_context());
    auto stream = find_stream(handle);
    if (!stream)
        return INVALID_HANDLE;
    CHECK(forbid_capture(*stream, "cuMemFreeAsync"));
    if (address == 0)
        return SUCCESS;
    auto found = allocations.find(address);
    if (found == allocations.end() || found->second.being_freed)
        return complain(INVALID_VALUE, "cuMemFreeAsync: nothing is allocated at %#llx", address);
    found->second.being_freed = true;
    return submit(*stream, [=] {
        release(address);
        return SUCCESS;
    });
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

API cuMemAllocHost_v2(void **address, size_t size)
{
    return cuMemHostAlloc(address, size, 0);
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

API cuMemHostRegister_v2(void *address, size_t size, unsigned)
{
    ENTER(check_context());
    pinned[uintptr_t(address)] = size;
    return SUCCESS;
}

API cuMemHostUnregister(void *address)
{
    ENTER(check_context());
    run_everything();
    return pinned.erase(uintptr_t(address)) ? broken : INVALID_VALUE;
}

API cuMemHostGetDevicePointer_v2(Address *address, void *host, unsigned)
{
    ENTER(check_context());
    *address = Address(host);
    return is_pinned(host, 1) ? SUCCESS : INVALID_VALUE;
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

API cuMemcpyPeerAsync(Address to, void *, Address from, void *, size_t size, void *stream)
{
    ENTER(check_context());
    return copy_on_device(stream, "cuMemcpyPeerAsync", to, from, size);
}

// The kind of either address follows from the address, as with CUDA's unified addressing.
API cuMemcpyAsync(Address to, Address from, size_t size, void *stream)
{
    ENTER(check_context());
    if (on_device(to, size) && on_device(from, size))
        return copy_on_device(stream, "cuMemcpyAsync", to, from, size);
    if (on_device(to, size))
        return copy_to_device(stream, "cuMemcpyAsync", to, bytes(from), size);
    return copy_to_host(stream, "cuMemcpyAsync", bytes(to), from, size);
}

API cuMemcpyHtoD_v2(Address to, const void *from, size_t size)
{
    ENTER(check_context());
    CHECK(forbid_capture("cuMemcpyHtoD"));
    return finish(copy_to_device(nullptr, "cuMemcpyHtoD", to, from, size));
}

API cuMemcpyDtoH_v2(void *to, Address from, size_t size)
{
    ENTER(check_context());
    CHECK(forbid_capture("cuMemcpyDtoH"));
    return finish(copy_to_host(nullptr, "cuMemcpyDtoH", to, from, size));
}

API cuMemcpyDtoD_v2(Address to, Address from, size_t size)
{
    ENTER(check_context());
    CHECK(forbid_capture("cuMemcpyDtoD"));
    return finish(copy_on_device(nullptr, "cuMemcpyDtoD", to, from, size));
}

API cuMemcpy(Address to, Address from, size_t size)
{
    ENTER(check_context());
    CHECK(forbid_capture("cuMemcpy"));
    return finish(cuMemcpyAsync(to, from, size, nullptr));
}

API cuMemsetD8Async(Address to, unsigned char value, size_t count, void *stream)
{
    ENTER(check_context());
    return fill(stream, "cuMemsetD8Async", to, value, count);
}

API cuMemsetD16Async(Address to, unsigned short value, size_t count, void *stream)
{
    ENTER(check_context());
    return fill(stream, "cuMemsetD16Async", to, value, count);
}

API cuMemsetD32Async(Address to, unsigned value, size_t count, void *stream)
{
    ENTER(check_context());
    return fill(stream, "cuMemsetD32Async", to, value, count);
}

API cuMemsetD8_v2(Address to, unsigned char value, size_t count)
{
    ENTER(check_context());
    CHECK(forbid_capture("cuMemsetD8"));
    return finish(fill(nullptr, "cuMemsetD8", to, value, count));
}

API cuMemsetD16_v2(Address to, unsigned short value, size_t count)
{
    ENTER(check_context());
    CHECK(forbid_capture("cuMemsetD16"));
    return finish(fill(nullptr, "cuMemsetD16", to, value, count));
}

API cuMemsetD32_v2(Address to, unsigned value, size_t count)
{
    ENTER(check_context());
    CHECK(forbid_capture("cuMemsetD32"));
    return finish(fill(nullptr, "cuMemsetD32", to, value, count));
}

// Memory pools: there is one per device, whose settings have no effect.

API cuDeviceGetDefaultMemPool(void **pool, int device)
{
    ENTER(check_device(device));
    *pool = &devices[size_t(device)];
    return SUCCESS;
}

API cuDeviceGetMemPool(void **pool, int device)
{
    return cuDeviceGetDefaultMemPool(pool, device);
}

API cuMemPoolSetAttribute(void *, int, void *)
{
    ENTER(check_initialised());
    return SUCCESS;
}

API cuMemPoolTrimTo(void *, size_t)
{
    ENTER(check_initialised());
    return SUCCESS;
}

// Modules and kernels

API cuModuleLoadData(void **module, const void *image)
{
    ENTER(check_context());
    CHECK(forbid_capture("cuModuleLoadData"));
    size_t size = image ? image_size(image) : 0;
    return size == 0 ? INVALID_IMAGE : load(module, image, size);
}

API cuModuleLoadDataEx(void **module, const void *image, unsigned, int *, void **)
{
    return cuModuleLoadData(module, image);
}

API cuModuleLoad(void **module, const char *path)
{
    std::ifstream file(path, std::ios::binary);
    if (!file)
        return FILE_NOT_FOUND;
    std::string image(std::istreambuf_iterator<char>(file), {});
    image.resize(std::max(image.size(), sizeof(Elf64_Ehdr)));
    return image_size(image.data()) > image.size() ? INVALID_IMAGE : cuModuleLoadData(module, image.data());
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

API cuModuleGetGlobal_v2(Address *, size_t *, void *, const char *)
{
    return NOT_FOUND;
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

API cuFuncGetAttribute(int *value, int which, void *function)
{
    ENTER(check_context());
    auto found = functions.find(function);
    if (found == functions.end())
        return INVALID_HANDLE;
    switch (which) {
    case 0: *value = MAX_THREADS; break;                       // MAX_THREADS_PER_BLOCK
    case 4: *value = 64; break;                                // NUM_REGS
    case 5: *value = 90; break;                                // PTX_VERSION
    case 6: *value = 90; break;                                // BINARY_VERSION
    case 8: *value = found->second->max_dynamic_shared; break; // MAX_DYNAMIC_SHARED_SIZE_BYTES
    case 9: *value = -1; break;                                // PREFERRED_SHARED_MEMORY_CARVEOUT
    default: *value = 0;
    }
    return SUCCESS;
}

API cuFuncSetCacheConfig(void *, int)
{
    ENTER(check_context());
    return SUCCESS;
}

API cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(int *blocks, void *function, int block, size_t shared,
                                                         unsigned)
{
    ENTER(check_context());
    if (!functions.count(function))
        return INVALID_HANDLE;
    if (block < 1 || block > MAX_THREADS)
        return INVALID_VALUE;
    *blocks = resident_blocks(block, shared);
    return SUCCESS;
}

API cuOccupancyMaxActiveBlocksPerMultiprocessor(int *blocks, void *function, int block, size_t shared)
{
    return cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(blocks, function, block, shared, 0);
}

API cuLaunchKernel(void *function, unsigned grid_x, unsigned grid_y, unsigned grid_z, unsigned block_x,
                   unsigned block_y, unsigned block_z, unsigned shared, void *stream, void **parameters, void **)
{
    ENTER(check_context());
    if (grid_y != 1 || grid_z != 1 || block_y != 1 || block_z != 1)
        return complain(NOT_SUPPORTED, "only one-dimensional launches");
    return launch(function, grid_x, block_x, shared, stream, parameters);
}

// Blocks run one after the other and could not wait for each other.
API cuLaunchCooperativeKernel(void *, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, void *,
                              void **)
{
    return NOT_SUPPORTED;
}

// Capture and graphs. A graph does its works in the order in which they were captured.

API cuStreamBeginCapture_v2(void *handle, unsigned mode)
{
    ENTER(check_context());
    auto stream = find_stream(handle);
    if (!stream)
        return INVALID_HANDLE;
    if (stream == default_stream)
        return complain(CAPTURE_UNSUPPORTED, "the default stream cannot be captured");
    if (stream->capture)
        return ILLEGAL_STATE;
    if (mode > 2)
        return INVALID_VALUE;
    stream->capture = std::make_shared<Capture>();
    stream->capture->origin = stream.get();
    stream->capture->mode = mode;
    stream->capture->thread = std::this_thread::get_id();
    stream->capture->streams.insert(stream.get());
    stream->captured = 0;
    stream->joined = true;
    return SUCCESS;
}

API cuStreamEndCapture(void *handle, void **graph)
{
    ENTER(check_context());
    *graph = nullptr;
    auto stream = find_stream(handle);
    if (!stream)
        return INVALID_HANDLE;
    auto capture = stream->capture;
    if (!capture)
        return ILLEGAL_STATE;
    if (capture->origin != stream.get())
        return CAPTURE_UNMATCHED;
    if (capture->mode != 2 && capture->thread != std::this_thread::get_id())
        return CAPTURE_WRONG_THREAD;
    bool joined = true;
    for (Stream *member : capture->streams) {
        joined = joined && member->joined;
        member->capture.reset();
    }
    if (capture->invalid)
        return CAPTURE_INVALIDATED;
    if (!joined)
        return CAPTURE_UNJOINED;
    *graph = enlist(graphs, std::make_shared<Graph>(std::move(capture->graph)));
    return SUCCESS;
}

API cuStreamGetCaptureInfo_v2(void *handle, int *status, uint64_t *id, void **graph, const void **dependencies,
                              size_t *count)
{
    ENTER(check_context());
    auto stream = find_stream(handle);
    if (!stream)
        return INVALID_HANDLE;
    *status = !stream->capture ? 0 : stream->capture->invalid ? 2 : 1;
    if (id)
        *id = uint64_t(stream->capture.get());
    if (graph)
        *graph = nullptr;
    if (dependencies)
        *dependencies = nullptr;
    if (count)
        *count = 0;
    return SUCCESS;
}

API cuStreamGetCaptureInfo_v3(void *stream, int *status, uint64_t *id, void **graph, const void **dependencies,
                              const void **edges, size_t *count)
{
    if (edges)
        *edges = nullptr;
    return cuStreamGetCaptureInfo_v2(stream, status, id, graph, dependencies, count);
}

API cuStreamIsCapturing(void *stream, int *status)
{
    return cuStreamGetCaptureInfo_v2(stream, status, nullptr, nullptr, nullptr, nullptr);
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

API cuGraphInstantiate_v2(void **executable, void *graph, void **, char *, size_t)
{
    return cuGraphInstantiateWithFlags(executable, graph, 0);
}

API cuGraphUpload(void *executable, void *stream)
{
    ENTER(check_context());
    return find(executables, executable) && find_stream(stream) ? SUCCESS : INVALID_HANDLE;
}

API cuGraphLaunch(void *handle, void *stream_handle)
{
    ENTER(check_context());
    auto graph = find(executables, handle);
    auto stream = find_stream(stream_handle);
    if (!graph || !stream)
        return INVALID_HANDLE;
    uint64_t before = launches;
    if (stream->capture)
        stream->capture->graph.kernels += graph->kernels;
    else
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

// What the mock does without, but cudarc may look for.

#define UNSUPPORTED(name)                                   \
    API name(...)                                           \
    {                                                       \
        return NOT_SUPPORTED;                               \
    }

UNSUPPORTED(cuCtxCreate_v4)
UNSUPPORTED(cuCtxDestroy_v2)
UNSUPPORTED(cuDeviceSetMemPool)
UNSUPPORTED(cuDestroyExternalMemory)
UNSUPPORTED(cuExternalMemoryGetMappedBuffer)
UNSUPPORTED(cuImportExternalMemory)
UNSUPPORTED(cuMemAdvise_v2)
UNSUPPORTED(cuMemAllocManaged)
UNSUPPORTED(cuMemPoolCreate)
UNSUPPORTED(cuMemPoolDestroy)
UNSUPPORTED(cuMemPoolGetAttribute)
UNSUPPORTED(cuMemPrefetchAsync_v2)
UNSUPPORTED(cuOccupancyAvailableDynamicSMemPerBlock)
UNSUPPORTED(cuOccupancyMaxActiveClusters)
UNSUPPORTED(cuOccupancyMaxPotentialBlockSize)
UNSUPPORTED(cuOccupancyMaxPotentialBlockSizeWithFlags)
UNSUPPORTED(cuOccupancyMaxPotentialClusterSize)
UNSUPPORTED(cuStreamAttachMemAsync)
