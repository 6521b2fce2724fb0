// Runs CUDA kernels on the CPU: the part that is compiled into every kernel module.
//
// The mock of NVRTC (nvrtc.cpp) puts this header in front of the kernel text and compiles both as C++17 into a
// shared object; the mock of the driver (driver.cpp) loads that object and calls shim_launch().
//
// Every CUDA thread of a block is a fiber with a stack of its own. The blocks of a grid run one after the other in a
// random order. Within a block, which fiber goes on at a switch point is random too, so that a kernel that lacks a
// barrier gives wrong results under most seeds. Switch points are the barriers, the warp collectives, the atomics and
// SHIM_YIELD(), which kernels may place where they like (and which has to be defined as nothing for real CUDA).
//
// What a kernel may use: one-dimensional grids and blocks of at most 1024 threads; exactly one parameter, a pointer;
// dynamic shared memory through SHARED(type, name); the functions below. Where CUDA leaves a result undefined (a
// shuffle from a lane that takes no part, memory never written) the shim gives all-one bits, a NaN as a double.
//
// Environment, read when a module launches its first kernel:
//   TIANYAN_MOCK_SEED=N                            seeds the random order (default 1)
//   TIANYAN_MOCK_NO_BARRIER=syncthreads|syncwarp   __syncthreads() or __syncwarp() no longer waits: it only lets
//                                                  other threads run. Tests use it to prove that they would notice.
#pragma once

#include <cassert>
#include <cmath>
#include <csetjmp>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <sys/mman.h>
#include <ucontext.h>

// After the standard headers, because some of those ask whether a CUDA compiler reads them.
#define __CUDACC__ 1
#define __CUDACC_RTC__ 1
#define TIANYAN_SHIM 1

// The module is compiled with hidden visibility: only kernels and shim_launch are to be found in it by name.
#define __global__ __attribute__((visibility("default")))
#define __device__
#define __host__
#define __forceinline__ inline
#define __noinline__ __attribute__((noinline))
#define __launch_bounds__(...)
// One block runs at a time, so that one copy of a static shared variable is enough.
#define __shared__ static
#define __constant__ static
#define SHARED(type, name) type *name = reinterpret_cast<type *>(shim::shared)
#define SHIM_YIELD() shim::maybe_yield()

struct uint3 {
    unsigned x, y, z;
};
using dim3 = uint3;

// Everything is static, not inline: inline variables would be shared by all modules in the process.
static uint3 threadIdx, blockIdx;
static dim3 blockDim, gridDim;
static const int warpSize = 32;

namespace shim {

constexpr unsigned WARP = 32;
constexpr unsigned MAX_THREADS = 1024;
constexpr size_t STACK_BYTES = 64 << 10;
// Stacks begin at different offsets within their pages, or all would compete for the same few lines of the cache.
constexpr size_t COLOURS = 64, COLOUR_BYTES = 256;
// An unmapped page below each stack turns its overflow into a crash rather than into a wrong neighbour.
constexpr size_t GUARD_BYTES = 64 << 10;
constexpr size_t MAX_SHARED = 232448;
// Bytes past the end of the dynamic shared memory that have to keep the poison.
constexpr size_t RED_ZONE = 256;
constexpr int POISON = 0xff;

enum class Collective : unsigned char { Sync, Shuffle, Ballot };

struct Fiber {
    jmp_buf context;
    // What the fiber brought to the warp collective that it waits in, and what it gets from it.
    Collective kind;
    unsigned mask;
    unsigned source;
    uint64_t value;
    bool at_block_barrier;
};

// Bit l of a set stands for lane l.
struct Warp {
    unsigned alive;
    unsigned waiting;
};

static Fiber fibers[MAX_THREADS];
static Warp warps[MAX_THREADS / WARP];
alignas(256) static unsigned char shared[MAX_SHARED + RED_ZONE];

static unsigned current;               // the fiber that runs
static unsigned ready[MAX_THREADS];    // the fibers that could run, in no order
static unsigned ready_count;
static unsigned living;                // threads of this block that have not returned
static unsigned at_barrier, votes;     // arrivals at the block barrier, and how many of them voted yes
static unsigned arrivals, ayes;        // the same of the barrier that was opened last
static bool depth_first;               // see pick()

static void (*kernel)(const void *);
static const void *argument;
static jmp_buf launcher;
static unsigned booted;                // fibers that have a stack
static ucontext_t boot_context;
static bool booting;

static uint64_t random_state;
static bool drop_syncthreads, drop_syncwarp;

[[noreturn]] static void die(const char *what)
{
    std::fprintf(stderr, "cuda mock: block %u, thread %u: %s\n", blockIdx.x, current, what);
    std::abort();
}

// Uniform in [0, n).
static unsigned random_below(unsigned n)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return unsigned((random_state * 0x2545f4914f6cdd1d >> 32) * n >> 32);
}

[[noreturn]] static void deadlock()
{
    std::fprintf(stderr, "cuda mock: deadlock in block %u: of %u threads, %u have returned, %u wait for the block\n",
                 blockIdx.x, blockDim.x, blockDim.x - living, at_barrier);
    for (unsigned id = 0; id < blockDim.x; ++id)
        if (warps[id / WARP].waiting >> id % WARP & 1)
            std::fprintf(stderr, "cuda mock: thread %u waits for its warp, mask %08x\n", id, fibers[id].mask);
    std::abort();
}

// Takes a fiber out of those that are ready. Drawing from all alike keeps the threads of a block abreast of each
// other; in half of the blocks most draws are therefore among the last to become ready, by which one warp runs far
// ahead of the others.
static unsigned pick()
{
    if (ready_count == 0)
        deadlock();
    unsigned window = ready_count;
    if (depth_first && window > WARP && random_below(8) != 0)
        window = WARP;
    unsigned at = ready_count - 1 - random_below(window);
    unsigned id = ready[at];
    ready[at] = ready[--ready_count];
    return id;
}

[[noreturn]] static void enter(unsigned id)
{
    current = id;
    threadIdx.x = id;
    _longjmp(fibers[id].context, 1);
}

// Lets another ready fiber run; returns when this one is picked again. A compiler that looked into it could conclude
// that it leaves memory alone, although all the other threads run in the meantime.
#ifdef __clang__
__attribute__((noinline))
#else
__attribute__((noipa))
#endif
static void pass()
{
    asm volatile("" ::: "memory");
    unsigned next = pick();
    if (next != current && _setjmp(fibers[current].context) == 0)
        enter(next);
    asm volatile("" ::: "memory");
}

static void make_ready(unsigned id)
{
    ready[ready_count++] = id;
}

static void yield()
{
    make_ready(current);
    pass();
}

static void maybe_yield()
{
    if (random_below(4) == 0)
        yield();
}

// Finishes the collective of the lanes in `mask`, if all of them that still live have arrived.
static void try_warp(unsigned warp, unsigned mask)
{
    Warp &w = warps[warp];
    unsigned group = mask & w.alive;
    if (group & ~w.waiting)
        return;
    Fiber *lanes = fibers + warp * WARP;
    uint64_t brought[WARP];
    unsigned ballot = 0;
    Collective kind = lanes[__builtin_ctz(group)].kind;
    for (unsigned rest = group; rest; rest &= rest - 1) {
        unsigned lane = __builtin_ctz(rest);
        if (lanes[lane].mask != mask)
            return;
        if (lanes[lane].kind != kind)
            die("the lanes of a warp meet in different collectives");
        brought[lane] = lanes[lane].value;
        ballot |= unsigned(lanes[lane].value != 0) << lane;
    }
    for (unsigned rest = group; rest; rest &= rest - 1) {
        unsigned lane = __builtin_ctz(rest);
        unsigned source = lanes[lane].source;
        if (kind == Collective::Shuffle)
            lanes[lane].value = group >> source & 1 ? brought[source] : ~uint64_t(0);
        else
            lanes[lane].value = ballot;
        make_ready(warp * WARP + lane);
    }
    w.waiting &= ~group;
}

static uint64_t collective(Collective kind, unsigned mask, uint64_t value, unsigned source)
{
    unsigned warp = current / WARP, lane = current % WARP;
    if (!(mask >> lane & 1))
        die("the mask of a warp collective lacks the calling lane");
    Fiber &fiber = fibers[current];
    fiber.kind = kind;
    fiber.mask = mask;
    fiber.value = value;
    fiber.source = source;
    warps[warp].waiting |= 1u << lane;
    try_warp(warp, mask);
    pass();
    return fiber.value;
}

// Opens the block barrier, if all threads that still live have arrived.
static void try_block()
{
    if (at_barrier == 0 || at_barrier != living)
        return;
    arrivals = at_barrier;
    ayes = votes;
    at_barrier = votes = 0;
    for (unsigned id = 0; id < blockDim.x; ++id)
        if (fibers[id].at_block_barrier) {
            fibers[id].at_block_barrier = false;
            make_ready(id);
        }
}

static void block_barrier(bool vote)
{
    fibers[current].at_block_barrier = true;
    ++at_barrier;
    votes += vote;
    try_block();
    pass();
}

// A thread has returned from the kernel: nobody waits for it any more.
static void retire()
{
    --living;
    unsigned warp = current / WARP;
    Warp &w = warps[warp];
    w.alive &= ~(1u << current % WARP);
    for (unsigned rest = w.waiting; rest; rest &= rest - 1) {
        unsigned lane = __builtin_ctz(rest);
        if (w.waiting >> lane & 1)
            try_warp(warp, fibers[warp * WARP + lane].mask);
    }
    try_block();
}

[[noreturn]] static void leave()
{
    if (booting)
        setcontext(&boot_context);
    if (living == 0)
        _longjmp(launcher, 1);
    enter(pick());
}

// A fiber never ends: it is parked at the top of the loop between two runs, so that starting a thread costs no more
// than any other switch.
static void fiber_main()
{
    for (;;) {
        if (_setjmp(fibers[current].context) == 0)
            leave();
        kernel(argument);
        retire();
    }
}

// Gives stacks to the first `count` fibers and parks them.
static void boot(unsigned count)
{
    static unsigned char *stacks;
    constexpr size_t usable = STACK_BYTES + COLOURS * COLOUR_BYTES;
    constexpr size_t stride = GUARD_BYTES + usable;
    if (!stacks) {
        void *all = mmap(nullptr, MAX_THREADS * stride, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (all == MAP_FAILED)
            die("no memory for the stacks");
        stacks = static_cast<unsigned char *>(all);
    }
    booting = true;
    for (; booted < count; ++booted) {
        unsigned char *stack = stacks + booted * stride + GUARD_BYTES;
        if (mprotect(stack, usable, PROT_READ | PROT_WRITE) != 0)
            die("no memory for a stack");
        current = booted;
        ucontext_t context;
        getcontext(&context);
        context.uc_stack.ss_sp = stack;
        context.uc_stack.ss_size = STACK_BYTES + booted % COLOURS * COLOUR_BYTES;
        context.uc_link = nullptr;
        makecontext(&context, fiber_main, 0);
        swapcontext(&boot_context, &context);
    }
    booting = false;
}

static void configure()
{
    const char *seed = std::getenv("TIANYAN_MOCK_SEED");
    random_state = (seed ? std::strtoull(seed, nullptr, 0) : 1) * 0x9e3779b97f4a7c15 ^ 0xd1b54a32d192ed03;
    if (random_state == 0)
        random_state = 1;
    for (int i = 0; i < 16; ++i)
        random_below(2);
    const char *drop = std::getenv("TIANYAN_MOCK_NO_BARRIER");
    drop_syncthreads = drop && std::strcmp(drop, "syncthreads") == 0;
    drop_syncwarp = drop && std::strcmp(drop, "syncwarp") == 0;
}

// No local variables here: the jump back would leave them undefined.
__attribute__((noinline)) static void run_fibers()
{
    if (_setjmp(launcher) == 0)
        enter(pick());
}

static void run_block(unsigned index, size_t shared_bytes)
{
    blockIdx.x = index;
    std::memset(shared, POISON, shared_bytes + RED_ZONE);
    depth_first = random_below(2);
    living = blockDim.x;
    ready_count = 0;
    for (unsigned id = 0; id < blockDim.x; ++id) {
        warps[id / WARP].alive |= 1u << id % WARP;
        make_ready(id);
    }
    run_fibers();
    for (size_t i = shared_bytes; i < shared_bytes + RED_ZONE; ++i)
        if (shared[i] != POISON)
            die("the block wrote past the end of its dynamic shared memory");
}

static void check_width(unsigned width)
{
    if (width == 0 || width > WARP || (width & (width - 1)))
        die("the width of a shuffle is no power of two up to 32");
}

template <class T> static T shuffle(unsigned mask, T value, unsigned source)
{
    static_assert(sizeof(T) <= 8, "a shuffle moves at most 8 bytes");
    uint64_t bits = 0;
    std::memcpy(&bits, &value, sizeof(T));
    bits = collective(Collective::Shuffle, mask, bits, source);
    std::memcpy(&value, &bits, sizeof(T));
    return value;
}

template <class A, class B> struct Same { static constexpr bool value = false; };
template <class A> struct Same<A, A> { static constexpr bool value = true; };
template <class T, class... Types> constexpr bool one_of() { return (Same<T, Types>::value || ...); }
using Word = unsigned long long;

// The types are those that CUDA has each atomic for. No fiber switches inside an atomic, only before it.
template <class T> constexpr bool atomic_integer() { return one_of<T, int, unsigned, Word, long long>(); }

template <class T, class F> static T atomically(T *where, F change)
{
    maybe_yield();
    T old = *where;
    *where = change(old);
    return old;
}

} // namespace shim

extern "C" __global__ void shim_launch(void (*kernel)(const void *), const void *argument, unsigned grid,
                                       unsigned block, unsigned shared_bytes)
{
    if (shim::random_state == 0)
        shim::configure();
    if (block == 0 || block > shim::MAX_THREADS || shared_bytes > shim::MAX_SHARED)
        shim::die("impossible launch");
    shim::boot(block);
    shim::kernel = kernel;
    shim::argument = argument;
    gridDim = {grid, 1, 1};
    blockDim = {block, 1, 1};

    unsigned *order = static_cast<unsigned *>(std::malloc(grid * sizeof(unsigned)));
    for (unsigned i = 0; i < grid; ++i) {
        unsigned j = shim::random_below(i + 1);
        order[i] = order[j];
        order[j] = i;
    }
    for (unsigned i = 0; i < grid; ++i)
        shim::run_block(order[i], shared_bytes);
    std::free(order);
}

// Barriers

static inline void __syncthreads()
{
    if (shim::drop_syncthreads)
        shim::yield();
    else
        shim::block_barrier(false);
}

static inline int __syncthreads_count(int vote)
{
    shim::block_barrier(vote != 0);
    return int(shim::ayes);
}

static inline int __syncthreads_or(int vote)
{
    return __syncthreads_count(vote) != 0;
}

static inline int __syncthreads_and(int vote)
{
    shim::block_barrier(vote != 0);
    return shim::ayes == shim::arrivals;
}

static inline void __syncwarp(unsigned mask = 0xffffffff)
{
    if (shim::drop_syncwarp)
        shim::yield();
    else
        shim::collective(shim::Collective::Sync, mask, 0, 0);
}

// Fibers run one at a time and in program order, so that a fence has nothing to do.
static inline void __threadfence() {}
static inline void __threadfence_block() {}
static inline void __threadfence_system() {}

// Warp collectives

static inline unsigned __ballot_sync(unsigned mask, int vote)
{
    return unsigned(shim::collective(shim::Collective::Ballot, mask, vote != 0, 0));
}

static inline int __any_sync(unsigned mask, int vote)
{
    return __ballot_sync(mask, vote) != 0;
}

static inline int __all_sync(unsigned mask, int vote)
{
    return __ballot_sync(mask, !vote) == 0;
}

template <class T> static inline T __shfl_sync(unsigned mask, T value, int source, unsigned width = 32)
{
    shim::check_width(width);
    unsigned lane = threadIdx.x % shim::WARP;
    return shim::shuffle(mask, value, (lane & ~(width - 1)) | (unsigned(source) & (width - 1)));
}

template <class T> static inline T __shfl_up_sync(unsigned mask, T value, unsigned delta, unsigned width = 32)
{
    shim::check_width(width);
    unsigned lane = threadIdx.x % shim::WARP;
    return shim::shuffle(mask, value, (lane & (width - 1)) >= delta ? lane - delta : lane);
}

template <class T> static inline T __shfl_down_sync(unsigned mask, T value, unsigned delta, unsigned width = 32)
{
    shim::check_width(width);
    unsigned lane = threadIdx.x % shim::WARP;
    return shim::shuffle(mask, value, delta < width - (lane & (width - 1)) ? lane + delta : lane);
}

template <class T> static inline T __shfl_xor_sync(unsigned mask, T value, unsigned flip, unsigned width = 32)
{
    shim::check_width(width);
    unsigned lane = threadIdx.x % shim::WARP;
    unsigned source = lane ^ flip;
    return shim::shuffle(mask, value, source < (lane & ~(width - 1)) + width ? source : lane);
}

// Atomics

template <class T, class U> static inline T atomicAdd(T *where, U value)
{
    static_assert(shim::one_of<T, int, unsigned, shim::Word, float, double>(), "CUDA has no such atomicAdd");
    return shim::atomically(where, [=](T old) { return T(old + T(value)); });
}

template <class T, class U> static inline T atomicSub(T *where, U value)
{
    static_assert(shim::one_of<T, int, unsigned>(), "CUDA has no such atomicSub");
    return shim::atomically(where, [=](T old) { return T(old - T(value)); });
}

template <class T, class U> static inline T atomicMax(T *where, U value)
{
    static_assert(shim::atomic_integer<T>(), "CUDA has no such atomicMax");
    return shim::atomically(where, [=](T old) { return old < T(value) ? T(value) : old; });
}

template <class T, class U> static inline T atomicMin(T *where, U value)
{
    static_assert(shim::atomic_integer<T>(), "CUDA has no such atomicMin");
    return shim::atomically(where, [=](T old) { return T(value) < old ? T(value) : old; });
}

template <class T, class U> static inline T atomicOr(T *where, U value)
{
    static_assert(shim::one_of<T, int, unsigned, shim::Word>(), "CUDA has no such atomicOr");
    return shim::atomically(where, [=](T old) { return old | T(value); });
}

template <class T, class U> static inline T atomicAnd(T *where, U value)
{
    static_assert(shim::one_of<T, int, unsigned, shim::Word>(), "CUDA has no such atomicAnd");
    return shim::atomically(where, [=](T old) { return old & T(value); });
}

template <class T, class U> static inline T atomicXor(T *where, U value)
{
    static_assert(shim::one_of<T, int, unsigned, shim::Word>(), "CUDA has no such atomicXor");
    return shim::atomically(where, [=](T old) { return old ^ T(value); });
}

template <class T, class U> static inline T atomicExch(T *where, U value)
{
    static_assert(shim::one_of<T, int, unsigned, shim::Word, float>(), "CUDA has no such atomicExch");
    return shim::atomically(where, [=](T) { return T(value); });
}

template <class T, class U, class V> static inline T atomicCAS(T *where, U expected, V value)
{
    static_assert(shim::one_of<T, int, unsigned, shim::Word, unsigned short>(), "CUDA has no such atomicCAS");
    return shim::atomically(where, [=](T old) { return old == T(expected) ? T(value) : old; });
}

// Bits and integers

static inline int __popc(unsigned x) { return __builtin_popcount(x); }
static inline int __popcll(unsigned long long x) { return __builtin_popcountll(x); }
static inline int __ffs(int x) { return __builtin_ffs(x); }
static inline int __ffsll(long long x) { return __builtin_ffsll(x); }
static inline int __clz(int x) { return x ? __builtin_clz(unsigned(x)) : 32; }
static inline int __clzll(long long x) { return x ? __builtin_clzll(x) : 64; }
static inline unsigned __umulhi(unsigned a, unsigned b) { return unsigned(uint64_t(a) * b >> 32); }

static inline unsigned long long __umul64hi(unsigned long long a, unsigned long long b)
{
    return (unsigned long long)((unsigned __int128)(a) * b >> 64);
}

template <class T> static inline T __ldg(const T *where) { return *where; }

// Each for two operands of one type, as in CUDA; of two doubles or floats the result is the one that is no NaN.
#define SHIM_MIN_MAX(type)                                               \
    static inline type min(type a, type b) { return b < a ? b : a; }     \
    static inline type max(type a, type b) { return a < b ? b : a; }
SHIM_MIN_MAX(int)
SHIM_MIN_MAX(unsigned)
SHIM_MIN_MAX(long)
SHIM_MIN_MAX(unsigned long)
SHIM_MIN_MAX(long long)
SHIM_MIN_MAX(unsigned long long)
#undef SHIM_MIN_MAX
static inline float min(float a, float b) { return std::fmin(a, b); }
static inline float max(float a, float b) { return std::fmax(a, b); }
static inline double min(double a, double b) { return std::fmin(a, b); }
static inline double max(double a, double b) { return std::fmax(a, b); }

// Floating point

using std::abs;
using std::ceil;
using std::copysign;
using std::cos;
using std::exp;
using std::expm1;
using std::fabs;
using std::floor;
using std::fma;
using std::fmax;
using std::fmin;
using std::fmod;
using std::isfinite;
using std::isinf;
using std::isnan;
using std::ldexp;
using std::log;
using std::pow;
using std::rint;
using std::sin;
using std::sqrt;
using std::tanh;
using std::trunc;

static inline double __dadd_rn(double a, double b) { return a + b; }
static inline double __dsub_rn(double a, double b) { return a - b; }
static inline double __dmul_rn(double a, double b) { return a * b; }
static inline double __ddiv_rn(double a, double b) { return a / b; }
static inline double __dsqrt_rn(double a) { return std::sqrt(a); }
static inline double __fma_rn(double a, double b, double c) { return std::fma(a, b, c); }

static inline long long __double_as_longlong(double x)
{
    long long bits;
    std::memcpy(&bits, &x, sizeof(bits));
    return bits;
}

static inline double __longlong_as_double(long long bits)
{
    double x;
    std::memcpy(&x, &bits, sizeof(x));
    return x;
}

static inline int __float_as_int(float x)
{
    int bits;
    std::memcpy(&bits, &x, sizeof bits);
    return bits;
}

static inline float __int_as_float(int bits)
{
    float x;
    std::memcpy(&x, &bits, sizeof x);
    return x;
}

static inline int __double2hiint(double x) { return int(__double_as_longlong(x) >> 32); }
static inline int __double2loint(double x) { return int(__double_as_longlong(x)); }

static inline double __hiloint2double(int high, int low)
{
    return __longlong_as_double((long long)((unsigned long long)(unsigned(high)) << 32 | unsigned(low)));
}

static inline void __trap()
{
    shim::die("__trap()");
}
