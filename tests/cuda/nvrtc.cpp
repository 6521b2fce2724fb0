// A mock of NVRTC, CUDA's run-time compiler: it compiles kernels for the CPU with the host's C++ compiler.
//
// The "cubin" of a program is a shared object made of shim.h and the kernel text; the mock of the driver (driver.cpp)
// loads it. See `build` for how to make libnvrtc.so of this file. SHIM_PATH, defined there, is where shim.h lies: its
// text goes into the library.
//
// Like NVRTC itself, it takes only options that it knows. Of these only macro definitions and the architecture count:
// there is a cubin only for a real architecture (sm_..), not for a virtual one (compute_..).
//
// Environment:
//   CXX                  the C++ compiler, with arguments if need be (default g++)
//   TIANYAN_MOCK_CACHE   folder of compiled kernels (default tianyan-mock-<uid> in $TMPDIR or /tmp)

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <iterator>
#include <new>
#include <spawn.h>
#include <sstream>
#include <string>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

extern char **environ;

__asm__(".pushsection .rodata\n"
        "shim_text: .incbin \"" SHIM_PATH "\"\n"
        "shim_text_end:\n"
        ".popsection\n");
extern "C" __attribute__((visibility("hidden"))) const char shim_text[], shim_text_end[];

namespace {

using Strings = std::vector<std::string>;

// nvrtcResult
enum Result {
    SUCCESS = 0,
    OUT_OF_MEMORY = 1,
    PROGRAM_CREATION_FAILURE = 2,
    INVALID_INPUT = 3,
    INVALID_PROGRAM = 4,
    INVALID_OPTION = 5,
    COMPILATION = 6,
    BUILTIN_OPERATION_FAILURE = 7,
    NAME_EXPRESSION_NOT_VALID = 10,
};

struct Program {
    std::string source, name, log, cubin;
    bool compiled = false;
};

const int ARCHITECTURES[] = {75, 80, 86, 87, 88, 89, 90, 100, 103, 110, 120, 121};

bool starts_with(const std::string &text, const char *start)
{
    return text.compare(0, std::strlen(start), start) == 0;
}

// The options of NVRTC that have no meaning for the CPU, up to their value.
bool is_ignored(const std::string &option)
{
    static const char *const known[] = {
        "--fmad", "-fmad", "--ftz", "-ftz", "--prec-div", "-prec-div", "--prec-sqrt", "-prec-sqrt",
        "--use_fast_math", "-use_fast_math", "--std", "-std", "--device-debug", "-G", "--generate-line-info",
        "-lineinfo", "--maxrregcount", "-maxrregcount", "--restrict", "-restrict",
        "--device-as-default-execution-space", "-default-device",
        "--extra-device-vectorization", "-extra-device-vectorization", "--disable-warnings", "-w",
        "--display-error-number", "-err-no", "--no-display-error-number", "-no-err-no", "--diag-suppress",
        "-diag-suppress", "--ptxas-options", "-Xptxas", "--dopt", "-dopt", "--no-source-include", "-no-source-include",
    };
    std::string name = option.substr(0, option.find('='));
    for (const char *candidate : known)
        if (name == candidate)
            return true;
    return false;
}

// What the options ask for.
struct Request {
    Strings macros;
    bool real_architecture = false;
};

// False if there is no such architecture.
bool set_architecture(const std::string &value, Request &request)
{
    request.real_architecture = starts_with(value, "sm_");
    if (!request.real_architecture && !starts_with(value, "compute_"))
        return false;
    // A letter may follow the number, as in sm_90a.
    int number = std::atoi(value.c_str() + value.find('_') + 1);
    for (int known : ARCHITECTURES)
        if (number == known)
            return true;
    return false;
}

// Reads the options; false, with a line in the log, if NVRTC would not take one of them.
bool parse(int count, const char *const *options, Request &request, std::string &log)
{
    for (int i = 0; i < count; ++i) {
        std::string option = options[i], value;
        bool good = true;
        auto take_value = [&](const char *name) {
            if (option == name && i + 1 < count)
                value = options[++i];
            else if (starts_with(option, (std::string(name) + "=").c_str()))
                value = option.substr(std::strlen(name) + 1);
            else
                return false;
            return true;
        };
        if (take_value("-D") || take_value("--define-macro"))
            request.macros.push_back("-D" + value);
        else if (starts_with(option, "-D"))
            request.macros.push_back(option);
        else if (take_value("-arch") || take_value("--gpu-architecture"))
            good = set_architecture(value, request);
        else
            good = is_ignored(option);
        if (!good) {
            log += "nvrtc: error: invalid option or value: " + option + "\n";
            return false;
        }
    }
    return true;
}

std::string read_file(const std::string &path)
{
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

bool write_file(const std::string &path, const std::string &text)
{
    std::ofstream file(path, std::ios::binary);
    file << text;
    file.close();
    return bool(file);
}

std::string environment(const char *name, const std::string &otherwise)
{
    const char *value = std::getenv(name);
    return value && *value ? value : otherwise;
}

// What tells this kind of CPU from others: -march=native makes code that another one may not run.
std::string cpu_features()
{
    std::ifstream file("/proc/cpuinfo");
    for (std::string line; std::getline(file, line);)
        if (starts_with(line, "flags") || starts_with(line, "Features"))
            return line;
    return {};
}

// 128 bits of FNV-1a, as hexadecimal digits.
std::string hash(const std::string &text)
{
    unsigned __int128 state = (unsigned __int128)(0x6c62272e07bb0142) << 64 | 0x62b821756295c58d;
    const unsigned __int128 prime = (unsigned __int128)(0x1000000) << 64 | 0x13b;
    for (unsigned char byte : text)
        state = (state ^ byte) * prime;
    char digits[33];
    std::snprintf(digits, sizeof(digits), "%016llx%016llx", (unsigned long long)(state >> 64),
                  (unsigned long long)(state));
    return digits;
}

// Runs a command with its output going to a file; true if it succeeded.
bool run(const Strings &command, const std::string &output)
{
    std::vector<char *> arguments;
    for (const std::string &word : command)
        arguments.push_back(const_cast<char *>(word.c_str()));
    arguments.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, output.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
    pid_t child;
    int error = posix_spawnp(&child, arguments[0], &actions, nullptr, arguments.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    if (error != 0) {
        write_file(output, "cannot run " + command[0] + ": " + std::strerror(error) + "\n");
        return false;
    }
    int status;
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            return false;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

// The folder of compiled kernels; empty if there is none that is safe to use.
std::string cache_folder()
{
    std::string own = environment("TMPDIR", "/tmp") + "/tianyan-mock-" + std::to_string(getuid());
    std::string folder = environment("TIANYAN_MOCK_CACHE", own);
    mkdir(folder.c_str(), 0700);
    struct stat status;
    // Somebody else could have put code into a folder of theirs.
    if (stat(folder.c_str(), &status) != 0 || !S_ISDIR(status.st_mode) || status.st_uid != getuid())
        return {};
    return folder;
}

Result build(Program &program, const Request &request)
{
    Strings command;
    std::istringstream compiler(environment("CXX", "g++"));
    for (std::string word; compiler >> word;)
        command.push_back(word);
    // No contraction and no fast mathematics: results have to be those of the host's own code, bit by bit. Checked
    // longjmp, which fortification brings, takes a switch between fibers for an error.
    for (const char *word : {"-x", "c++", "-std=gnu++17", "-O2", "-march=native", "-ffp-contract=off",
                             "-fno-strict-aliasing", "-fvisibility=hidden", "-U_FORTIFY_SOURCE", "-w", "-shared",
                             "-fPIC", "-Wl,-Bsymbolic"})
        command.push_back(word);
    command.insert(command.end(), request.macros.begin(), request.macros.end());

    std::string shim(shim_text, shim_text_end), key = cpu_features();
    for (const std::string &word : command)
        key += '\0' + word;
    key += '\0' + shim + '\0' + program.name + '\0' + program.source;

    std::string folder = cache_folder();
    if (folder.empty()) {
        program.log += "cuda mock: no folder for compiled kernels\n";
        return BUILTIN_OPERATION_FAILURE;
    }
    std::string cached = folder + "/" + hash(key) + ".so";
    program.cubin = read_file(cached);
    if (!program.cubin.empty())
        return SUCCESS;

    std::string work = folder + "/work-XXXXXX";
    if (!mkdtemp(&work[0])) {
        program.log += "cuda mock: cannot write to " + folder + "\n";
        return BUILTIN_OPERATION_FAILURE;
    }
    std::string header = work + "/shim.h", source = work + "/kernel.cpp";
    std::string log = work + "/log", object = work + "/kernel";
    write_file(header, shim);
    write_file(source, "#line 1 \"" + program.name + "\"\n" + program.source + "\n");
    for (const std::string &word : {std::string("-include"), header, source, std::string("-o"), object})
        command.push_back(word);
    bool success = run(command, log);
    program.log += read_file(log);
    if (success) {
        program.cubin = read_file(object);
        // Another process may do the same at this moment; the last one wins, with equal bytes.
        rename(object.c_str(), cached.c_str());
    }
    for (const std::string &path : {header, source, log, object})
        unlink(path.c_str());
    rmdir(work.c_str());
    return success ? SUCCESS : COMPILATION;
}

Program *program_of(void *handle)
{
    return static_cast<Program *>(handle);
}

} // namespace

#define API extern "C" __attribute__((visibility("default"))) Result

extern "C" __attribute__((visibility("default"))) const char *nvrtcGetErrorString(Result result)
{
    switch (result) {
    case SUCCESS: return "NVRTC_SUCCESS";
    case OUT_OF_MEMORY: return "NVRTC_ERROR_OUT_OF_MEMORY";
    case PROGRAM_CREATION_FAILURE: return "NVRTC_ERROR_PROGRAM_CREATION_FAILURE";
    case INVALID_INPUT: return "NVRTC_ERROR_INVALID_INPUT";
    case INVALID_PROGRAM: return "NVRTC_ERROR_INVALID_PROGRAM";
    case INVALID_OPTION: return "NVRTC_ERROR_INVALID_OPTION";
    case COMPILATION: return "NVRTC_ERROR_COMPILATION";
    case BUILTIN_OPERATION_FAILURE: return "NVRTC_ERROR_BUILTIN_OPERATION_FAILURE";
    case NAME_EXPRESSION_NOT_VALID: return "NVRTC_ERROR_NAME_EXPRESSION_NOT_VALID";
    }
    return "NVRTC_ERROR unknown";
}

API nvrtcVersion(int *major, int *minor)
{
    *major = 13;
    *minor = 0;
    return SUCCESS;
}

API nvrtcGetNumSupportedArchs(int *count)
{
    *count = int(std::size(ARCHITECTURES));
    return SUCCESS;
}

API nvrtcGetSupportedArchs(int *architectures)
{
    std::copy(std::begin(ARCHITECTURES), std::end(ARCHITECTURES), architectures);
    return SUCCESS;
}

API nvrtcCreateProgram(void **program, const char *source, const char *name, int headers, const char *const *,
                       const char *const *)
{
    if (!program || !source || headers != 0)
        return INVALID_INPUT;
    Program *made = new (std::nothrow) Program;
    if (!made)
        return OUT_OF_MEMORY;
    made->source = source;
    made->name = name ? name : "default_program";
    *program = made;
    return SUCCESS;
}

API nvrtcDestroyProgram(void **program)
{
    if (!program || !*program)
        return INVALID_PROGRAM;
    delete program_of(*program);
    *program = nullptr;
    return SUCCESS;
}

API nvrtcCompileProgram(void *handle, int count, const char *const *options)
{
    if (!handle)
        return INVALID_PROGRAM;
    Program &program = *program_of(handle);
    program.log.clear();
    program.cubin.clear();
    program.compiled = false;
    Request request;
    if (!parse(count, options, request, program.log))
        return INVALID_OPTION;
    Result result = build(program, request);
    program.compiled = result == SUCCESS;
    if (!request.real_architecture)
        program.cubin.clear();
    return result;
}

API nvrtcGetProgramLogSize(void *handle, size_t *size)
{
    if (!handle)
        return INVALID_PROGRAM;
    *size = program_of(handle)->log.size() + 1;
    return SUCCESS;
}

API nvrtcGetProgramLog(void *handle, char *log)
{
    if (!handle)
        return INVALID_PROGRAM;
    std::strcpy(log, program_of(handle)->log.c_str());
    return SUCCESS;
}

API nvrtcGetCUBINSize(void *handle, size_t *size)
{
    if (!handle || !program_of(handle)->compiled)
        return INVALID_PROGRAM;
    *size = program_of(handle)->cubin.size();
    return SUCCESS;
}

API nvrtcGetCUBIN(void *handle, char *cubin)
{
    if (!handle || program_of(handle)->cubin.empty())
        return INVALID_PROGRAM;
    const std::string &bytes = program_of(handle)->cubin;
    std::memcpy(cubin, bytes.data(), bytes.size());
    return SUCCESS;
}

// There is no PTX, only a cubin: an empty text stands for it, which the driver then refuses to load.
API nvrtcGetPTXSize(void *handle, size_t *size)
{
    if (!handle || !program_of(handle)->compiled)
        return INVALID_PROGRAM;
    *size = 1;
    return SUCCESS;
}

API nvrtcGetPTX(void *handle, char *ptx)
{
    if (!handle || !program_of(handle)->compiled)
        return INVALID_PROGRAM;
    *ptx = '\0';
    return SUCCESS;
}

// Kernels are extern "C" and found by their plain name.
API nvrtcAddNameExpression(void *, const char *)
{
    return NAME_EXPRESSION_NOT_VALID;
}

API nvrtcGetLoweredName(void *, const char *, const char **)
{
    return NAME_EXPRESSION_NOT_VALID;
}
