/* Passerelle's loader: opens a .nnapi model file, hands it to Android's Neural Networks API, and runs it.
 *
 *     passerelle_model* model = NULL;
 *     passerelle_nnapi* nnapi = NULL;
 *     passerelle_compilation* compilation = NULL;
 *     passerelle_error error;
 *     if (passerelle_model_open_path("model.nnapi", &model, &error) != PASSERELLE_OK) ... error.message ...
 *     if (passerelle_nnapi_open(NULL, &nnapi, &error) != PASSERELLE_OK) ...
 *     if (passerelle_compile(model, nnapi, NULL, &compilation, &error) != PASSERELLE_OK) ...
 *     passerelle_input in = {.data = pixels, .size = sizeof pixels};
 *     passerelle_output out = {.data = scores, .size = sizeof scores};
 *     if (passerelle_run(compilation, &in, 1, &out, 1, &error) != PASSERELLE_OK) ...
 *
 * OBJECTS. A model is a file that was read and found sound. An nnapi is a loaded NNAPI library. A compilation is a
 * model made ready by that library. An execution is a compilation with buffers, for those who run often. A memory is a
 * stretch of shared memory that NNAPI knows. Each is freed by its own close function, which takes NULL too, in any
 * order: each keeps what it needs of the others.
 *
 * THREADS. No function has state outside of its arguments. Any number of threads may use one model, nnapi, compilation
 * or memory at the same time, passerelle_run included; only closing an object must not overlap with another use of that
 * same object. An execution is for one thread at a time; threads that run at the same time have an execution each.
 *
 * ERRORS. What can fail returns a passerelle_status and, where `error` is not NULL, says there what happened, in one
 * sentence of UTF-8 for a log. On failure nothing was allocated and an object's out-parameter is NULL. Passing NULL for
 * an object, or for a parameter not said to be optional, is PASSERELLE_INVALID_ARGUMENT. No C++ exception leaves the
 * library; where it can't get memory for its own small books the process ends, as with any C++ program without
 * exceptions. Large buffers that can't be had are PASSERELLE_OUT_OF_MEMORY.
 *
 * LEVELS. Functions of NNAPI are looked up one by one, and used where they are. An option that only helps (preference,
 * priority, caching, burst, fp16) has no effect where its function is missing, and passerelle_compilation_info says so;
 * an option that promises something (a device, a timeout, measured time, a memory) is then PASSERELLE_NNAPI_TOO_OLD.
 *
 * GROWTH. A struct whose first member is `struct_size` may get further members at its end. The caller sets it to sizeof
 * of the struct that it was compiled with. A struct to be read from must be zero behind what this version knows; one to
 * be filled in is filled as far as the caller's size goes. The others end in a `reserved` tail, from which later
 * members will be taken: zero in what the caller hands over (PASSERELLE_INVALID_ARGUMENT else), and zero in what it is
 * given. Members that hold a value of an enum are int32_t: an enum's size is the compiler's choice.
 *
 * UNITS. Sizes and offsets are bytes, durations nanoseconds. Shapes are elements, outermost dimension first. Feature
 * levels are NNAPI's, 1 to 8: 1 to 5 are Android API levels 27 to 31.
 */
#ifndef PASSERELLE_LOADER_PASSERELLE_H
#define PASSERELLE_LOADER_PASSERELLE_H

#include <stddef.h>
#include <stdint.h>

#if defined(PASSERELLE_LOADER_SHARED) && defined(__GNUC__)
#define PASSERELLE_API __attribute__((visibility("default")))
#else
#define PASSERELLE_API
#endif

#ifdef __cplusplus
#define PASSERELLE_NOEXCEPT noexcept
#else
#define PASSERELLE_NOEXCEPT
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* --- Version ------------------------------------------------------------------------------------------------------ */

/* Of this header. Functions, options and members are added with a new minor version; what a program was compiled with
 * keeps working within a major version. */
#define PASSERELLE_LOADER_VERSION_MAJOR 0
#define PASSERELLE_LOADER_VERSION_MINOR 3

/* Of the library that the program runs with: major << 16 | minor. */
PASSERELLE_API uint32_t passerelle_loader_version(void) PASSERELLE_NOEXCEPT;

/* --- Status ------------------------------------------------------------------------------------------------------- */

typedef enum passerelle_status {
  PASSERELLE_OK = 0,
  PASSERELLE_INVALID_ARGUMENT = 1, /* the caller's: a NULL, an index, an unknown option, a buffer of the wrong size */
  PASSERELLE_CANNOT_READ = 2,      /* the system refused: no such file, no permission, an input/output error */
  PASSERELLE_NOT_A_MODEL = 3,      /* the file is something else */
  PASSERELLE_DAMAGED_MODEL = 4,    /* a model file, but truncated, altered, or made to mislead */
  PASSERELLE_NEWER_MODEL = 5,      /* written in a format version that this loader doesn't know: update the loader */
  PASSERELLE_OUT_OF_MEMORY = 6,
  PASSERELLE_NNAPI_MISSING = 7,    /* the NNAPI library can't be loaded, or is none */
  PASSERELLE_NNAPI_TOO_OLD = 8,    /* the model, or an option, needs a higher feature level than there is */
  PASSERELLE_NO_SUCH_DEVICE = 9,   /* no NNAPI device has the name that was asked for */
  PASSERELLE_NNAPI_FAILED = 10,    /* an NNAPI call failed: passerelle_error.nnapi_result says how */
  PASSERELLE_UNSUPPORTED = 11,     /* the devices that may be used can't run an operation of the model */
  PASSERELLE_TIMED_OUT = 12,       /* a deadline passed: passerelle_error.nnapi_result says how */
  PASSERELLE_DEVICE_SUSPECTED = 13 /* the device took a process down before: see crash_directory */
} passerelle_status;

/* "PASSERELLE_DAMAGED_MODEL"; never NULL. The string is static. */
PASSERELLE_API const char* passerelle_status_name(int status) PASSERELLE_NOEXCEPT;

#define PASSERELLE_MESSAGE_SIZE 1024

/* What happened. The caller owns it; it is plain memory that needs no freeing. Left alone on success. */
typedef struct passerelle_error {
  int32_t status;                        /* a passerelle_status */
  int32_t nnapi_result;                  /* NNAPI's result code, with NNAPI_FAILED and TIMED_OUT; else 0 */
  char message[PASSERELLE_MESSAGE_SIZE]; /* UTF-8, ends in NUL; a longer one is cut */
  uint64_t reserved[4];
} passerelle_error;

/* --- Models ------------------------------------------------------------------------------------------------------- */

typedef struct passerelle_model passerelle_model;

/* Opening reads the head of the file (some tens of kilobytes), checks all of it, and keeps a copy; the weights behind
 * it are read by NNAPI. Nothing in the file is trusted: whatever opens can be described, compiled and run without a
 * read or write outside of its bounds on our side.
 *
 * The file must not be altered or truncated until the model and its compilations are closed: NNAPI maps the weights. */
PASSERELLE_API passerelle_status passerelle_model_open_path(const char* path, passerelle_model** model,
                                                            passerelle_error* error) PASSERELLE_NOEXCEPT;

/* The model is `length` bytes at `offset` of an open, seekable file: an asset inside an APK, say
 * (AAsset_openFileDescriptor64). The descriptor is duplicated: the caller keeps its own, and its position is not moved.
 * Where `offset` is not on a page of memory, NNAPI can't be handed the descriptor: see passerelle_weights. */
PASSERELLE_API passerelle_status passerelle_model_open_descriptor(int descriptor, uint64_t offset, uint64_t length,
                                                                  passerelle_model** model,
                                                                  passerelle_error* error) PASSERELLE_NOEXCEPT;

/* The model lies in the caller's memory, of any alignment. The memory must stay, unaltered, until the model and its
 * compilations are closed. */
PASSERELLE_API passerelle_status passerelle_model_open_memory(const void* data, size_t size, passerelle_model** model,
                                                              passerelle_error* error) PASSERELLE_NOEXCEPT;

PASSERELLE_API void passerelle_model_close(passerelle_model* model) PASSERELLE_NOEXCEPT;

/* Reads all weights and compares them with the digests in the head, which opening doesn't: it would read the whole
 * file. For tools, and for an application after a download. PASSERELLE_DAMAGED_MODEL where they differ. */
PASSERELLE_API passerelle_status passerelle_model_verify_weights(const passerelle_model* model,
                                                                 passerelle_error* error) PASSERELLE_NOEXCEPT;

/* How NNAPI gets the weights. */
typedef enum passerelle_weights {
  PASSERELLE_WEIGHTS_FROM_FILE = 0, /* NNAPI maps the file: no copy */
  PASSERELLE_WEIGHTS_IN_PLACE = 1, /* NNAPI is given addresses in the caller's memory, or in a mapping of the file where
                                      the model's offset is not on a page; Android's runtime then makes a copy */
  PASSERELLE_WEIGHTS_COPIED = 2    /* as before, but not on 4 bytes: the loader makes an aligned copy when compiling */
} passerelle_weights;

typedef struct passerelle_model_info {
  size_t struct_size;
  const char* producer; /* the program that wrote the file; lives as long as the model */
  uint32_t format_major;
  uint32_t format_minor;
  uint32_t feature_level; /* the NNAPI feature level that the model needs */
  uint32_t input_count;
  uint32_t output_count;
  uint32_t operand_count;
  uint32_t operation_count;
  uint32_t window_count; /* stretches of weights, each of which becomes one NNAPI memory */
  uint64_t weights_size; /* bytes of all windows */
  int32_t relax_fp16;    /* not 0: the model allows float32 to be computed with the range and precision of float16 */
  int32_t weights;       /* a passerelle_weights */
} passerelle_model_info;

PASSERELLE_API passerelle_status passerelle_model_describe(const passerelle_model* model, passerelle_model_info* info,
                                                           passerelle_error* error) PASSERELLE_NOEXCEPT;

/* PyTorch's dtypes. */
typedef enum passerelle_dtype {
  PASSERELLE_FLOAT32 = 0,
  PASSERELLE_FLOAT64 = 1,
  PASSERELLE_FLOAT16 = 2,
  PASSERELLE_BFLOAT16 = 3,
  PASSERELLE_INT8 = 4,
  PASSERELLE_UINT8 = 5,
  PASSERELLE_INT16 = 6,
  PASSERELLE_INT32 = 7,
  PASSERELLE_INT64 = 8,
  PASSERELLE_BOOL = 9,
  PASSERELLE_QUINT8 = 10,
  PASSERELLE_QINT8 = 11,
  PASSERELLE_QINT32 = 12
} passerelle_dtype;

/* "float32", as PyTorch says it; never NULL. The string is static. */
PASSERELLE_API const char* passerelle_dtype_name(int dtype) PASSERELLE_NOEXCEPT;

/* In which order the four dimensions of an image lie. */
typedef enum passerelle_layout {
  PASSERELLE_LAYOUT_AS_PYTORCH = 0,   /* outermost first, as the PyTorch model has them: NCHW */
  PASSERELLE_LAYOUT_CHANNELS_LAST = 1 /* NHWC */
} passerelle_layout;

#define PASSERELLE_MAX_RANK 8

/* An input or output. `dtype` and `shape` are what the PyTorch model has. The caller's buffer holds `buffer_shape`
 * elements of `buffer_dtype`, densely, row-major, in the machine's byte order. The two dtypes differ where NNAPI has no
 * such type: int64 travels as int32, float64 as float32; the loader converts layouts, never elements. A bool is one
 * byte, 0 or 1. A quantized element is its integer: real = (integer - zero_point) * scale. */
typedef struct passerelle_port_info {
  size_t struct_size;
  const char* name;                           /* unique among the inputs, or outputs; lives as long as the model */
  int32_t dtype;                              /* a passerelle_dtype: PyTorch's */
  int32_t buffer_dtype;                       /* a passerelle_dtype: what lies in the caller's buffer */
  int32_t nnapi_type;                         /* NNAPI's OperandCode of it: ANEURALNETWORKS_TENSOR_FLOAT32, ... */
  uint32_t rank;                              /* of `shape` and `buffer_shape`; 0 for a single number */
  uint32_t shape[PASSERELLE_MAX_RANK];        /* in PyTorch's order */
  uint32_t buffer_shape[PASSERELLE_MAX_RANK]; /* in the order of `layout` */
  int32_t layout;                             /* a passerelle_layout: of the caller's buffer */
  int32_t nnapi_layout;                       /* a passerelle_layout: NNAPI's; where it differs, each run converts */
  size_t byte_size;                           /* of the caller's buffer */
  float scale;                                /* of a quantized buffer; else 0 */
  int32_t zero_point;
} passerelle_port_info;

PASSERELLE_API passerelle_status passerelle_model_describe_input(const passerelle_model* model, uint32_t index,
                                                                 passerelle_port_info* info,
                                                                 passerelle_error* error) PASSERELLE_NOEXCEPT;
PASSERELLE_API passerelle_status passerelle_model_describe_output(const passerelle_model* model, uint32_t index,
                                                                  passerelle_port_info* info,
                                                                  passerelle_error* error) PASSERELLE_NOEXCEPT;

/* An NNAPI operation, and where in the PyTorch program it came from. The strings live as long as the model, and are
 * empty where the file says nothing (it may have been written without origins). */
typedef struct passerelle_operation_info {
  size_t struct_size;
  int32_t type;     /* NNAPI's OperationCode */
  const char* name; /* of the code, without its prefix: "CONV_2D" */
  uint32_t input_count;
  uint32_t output_count;
  const char* op;          /* "aten::conv2d" */
  const char* module_path; /* "features.3.conv" */
  const char* source_file;
  uint32_t source_line; /* 1-based; 0 where unknown */
} passerelle_operation_info;

PASSERELLE_API passerelle_status passerelle_model_describe_operation(const passerelle_model* model, uint32_t index,
                                                                     passerelle_operation_info* info,
                                                                     passerelle_error* error) PASSERELLE_NOEXCEPT;

/* --- The NNAPI library -------------------------------------------------------------------------------------------- */

typedef struct passerelle_nnapi passerelle_nnapi;

/* Loads the NNAPI library with dlopen. `path` is the library's, or NULL for the system's "libneuralnetworks.so". Needed
 * are the functions of feature level 1; all others are looked up and used where they exist. The library stays in the
 * process also after the object is closed, as NNAPI runtimes keep threads of their own. */
PASSERELLE_API passerelle_status passerelle_nnapi_open(const char* path, passerelle_nnapi** nnapi,
                                                       passerelle_error* error) PASSERELLE_NOEXCEPT;
PASSERELLE_API void passerelle_nnapi_close(passerelle_nnapi* nnapi) PASSERELLE_NOEXCEPT;

/* The runtime's feature level: what it says (from level 5), or what its functions show. 0 for NULL. */
PASSERELLE_API uint32_t passerelle_nnapi_feature_level(const passerelle_nnapi* nnapi) PASSERELLE_NOEXCEPT;

/* What a library has beyond level 1; bits. */
typedef enum passerelle_feature {
  PASSERELLE_FEATURE_FP16 = 1 << 0,             /* level 2 */
  PASSERELLE_FEATURE_DEVICES = 1 << 1,          /* level 3: devices by name and kind */
  PASSERELLE_FEATURE_CACHING = 1 << 2,          /* level 3 */
  PASSERELLE_FEATURE_BURST = 1 << 3,            /* level 3 */
  PASSERELLE_FEATURE_TIMING = 1 << 4,           /* level 3: measured time */
  PASSERELLE_FEATURE_HARDWARE_BUFFERS = 1 << 5, /* level 3 */
  PASSERELLE_FEATURE_PRIORITY = 1 << 6,         /* level 4 */
  PASSERELLE_FEATURE_TIMEOUT = 1 << 7,          /* level 4 */
  PASSERELLE_FEATURE_REUSE = 1 << 8             /* level 5: NNAPI's own reusable executions */
} passerelle_feature;

/* The features that the library has, as its functions show; 0 for NULL. */
PASSERELLE_API uint32_t passerelle_nnapi_features(const passerelle_nnapi* nnapi) PASSERELLE_NOEXCEPT;

typedef enum passerelle_device_type {
  PASSERELLE_DEVICE_UNKNOWN = 0,
  PASSERELLE_DEVICE_OTHER = 1,
  PASSERELLE_DEVICE_CPU = 2,
  PASSERELLE_DEVICE_GPU = 3,
  PASSERELLE_DEVICE_ACCELERATOR = 4
} passerelle_device_type;

typedef struct passerelle_device_info {
  size_t struct_size;
  const char* name; /* lives as long as the process */
  const char* version;
  int32_t type; /* a passerelle_device_type */
  uint32_t feature_level;
  int32_t is_reference; /* not 0: NNAPI's own CPU implementation ("nnapi-reference"), slow and made for testing */
} passerelle_device_info;

/* Devices can be asked for from feature level 3; below, the count is 0. */
PASSERELLE_API uint32_t passerelle_nnapi_device_count(const passerelle_nnapi* nnapi) PASSERELLE_NOEXCEPT;
PASSERELLE_API passerelle_status passerelle_nnapi_describe_device(const passerelle_nnapi* nnapi, uint32_t index,
                                                                  passerelle_device_info* info,
                                                                  passerelle_error* error) PASSERELLE_NOEXCEPT;

/* --- Compilations ------------------------------------------------------------------------------------------------- */

typedef struct passerelle_compilation passerelle_compilation;

typedef enum passerelle_preference {
  PASSERELLE_PREFER_NOTHING = 0, /* NNAPI's default */
  PASSERELLE_PREFER_LOW_POWER = 1,
  PASSERELLE_PREFER_FAST_SINGLE_ANSWER = 2,
  PASSERELLE_PREFER_SUSTAINED_SPEED = 3
} passerelle_preference;

/* Allow float32 to be computed with the range and precision of float16. It is a permission: below feature level 2,
 * where NNAPI doesn't know it, it has no effect. */
typedef enum passerelle_fp16 {
  PASSERELLE_FP16_AS_MODEL_SAYS = 0,
  PASSERELLE_FP16_ALLOWED = 1,
  PASSERELLE_FP16_FORBIDDEN = 2
} passerelle_fp16;

/* Between the applications that share a device (feature level 4). */
typedef enum passerelle_priority {
  PASSERELLE_PRIORITY_DEFAULT = 0,
  PASSERELLE_PRIORITY_LOW = 1,
  PASSERELLE_PRIORITY_MEDIUM = 2,
  PASSERELLE_PRIORITY_HIGH = 3
} passerelle_priority;

/* The use of NNAPI's own CPU implementation, "nnapi-reference", which is mostly slower than the CPU need be. */
typedef enum passerelle_reference {
  PASSERELLE_REFERENCE_IF_NEEDED = 0, /* for operations that no other device can run: see reference_operations */
  PASSERELLE_REFERENCE_FORBIDDEN = 1, /* PASSERELLE_UNSUPPORTED instead */
  PASSERELLE_REFERENCE_ALLOWED = 2    /* NNAPI chooses among all devices, as if there were no list */
} passerelle_reference;

/* All zero but struct_size are the defaults: passerelle_compile_options options = PASSERELLE_COMPILE_OPTIONS_INIT;
 *
 * The devices. With `device` the model runs on that device alone. Else it may run on all devices, or those of
 * `device_type`, that can run any of its operations; `reference` says whether the rest may go to NNAPI's own
 * implementation. Where these devices accept the model and then fail to compile it, NNAPI is asked once more, without a
 * list of devices (not with a `device`, PASSERELLE_REFERENCE_FORBIDDEN, a timeout, or no_retry). Below feature level 3
 * NNAPI chooses.
 *
 * `timeout` is for compiling, and needs feature level 4 and exactly one device.
 *
 * `cache_directory` is an existing folder of the application's own (its code cache directory) where drivers keep what
 * they compiled; a later compilation then takes a fraction of the time. The token under which they do is made from the
 * model's content, the feature level, the options, and the devices' names and versions.
 *
 * `crash_directory` is an existing folder of the application's own. While a driver compiles, and while it runs the
 * compilation for the first time, a file lies there; when the driver takes the process down the file stays. The next
 * compilation then stays off the devices it names: others are chosen, or PASSERELLE_DEVICE_SUSPECTED says that there
 * are none, until their driver's version changes or passerelle_crash_marks_clear is called. A process that the system
 * ended for another reason just then leaves the file too. */
typedef struct passerelle_compile_options {
  size_t struct_size;
  const char* device;          /* NULL: as device_type and reference say */
  int32_t preference;          /* a passerelle_preference */
  int32_t fp16;                /* a passerelle_fp16 */
  int32_t skip_weight_check;   /* not 0: don't do what passerelle_model_verify_weights does before compiling */
  int32_t device_type;         /* a passerelle_device_type; 0: any (else feature level 3) */
  int32_t reference;           /* a passerelle_reference */
  int32_t priority;            /* a passerelle_priority */
  uint64_t timeout;            /* 0: none */
  const char* cache_directory; /* NULL: no caching */
  const char* crash_directory; /* NULL: no such files */
  uint64_t no_retry;           /* not 0: never ask without a list of devices */
} passerelle_compile_options;

#define PASSERELLE_COMPILE_OPTIONS_INIT \
  { sizeof(passerelle_compile_options), NULL, 0, 0, 0, 0, 0, 0, 0, NULL, NULL, 0 }

/* Builds the model in NNAPI and has it compiled for its devices, which may take seconds. `options` may be NULL. */
PASSERELLE_API passerelle_status passerelle_compile(const passerelle_model* model, const passerelle_nnapi* nnapi,
                                                    const passerelle_compile_options* options,
                                                    passerelle_compilation** compilation,
                                                    passerelle_error* error) PASSERELLE_NOEXCEPT;
PASSERELLE_API void passerelle_compilation_close(passerelle_compilation* compilation) PASSERELLE_NOEXCEPT;

/* What became of the options. Sets of devices: bit i stands for device i of the library. */
typedef struct passerelle_compilation_info {
  size_t struct_size;
  uint64_t devices;              /* that it was compiled for; 0 where NNAPI chose */
  uint64_t suspected_devices;    /* left out because of what lies in crash_directory */
  uint32_t reference_operations; /* operations for NNAPI's own CPU implementation, as far as the devices were chosen */
  int32_t only_reference;        /* not 0: all of them, as there is no other device for them */
  uint32_t ignored_features;     /* passerelle_feature bits: asked for, and missing in the library */
  int32_t retried;               /* not 0: the devices failed to compile it, and NNAPI chose then */
  const char* retry_reason;      /* how they failed; "" else. Lives as long as the compilation */
} passerelle_compilation_info;

PASSERELLE_API passerelle_status passerelle_compilation_describe(const passerelle_compilation* compilation,
                                                                 passerelle_compilation_info* info,
                                                                 passerelle_error* error) PASSERELLE_NOEXCEPT;

/* Asks which device runs what: devices[k] becomes the set of the compilation's devices that can run operation k (of all
 * devices where NNAPI chose). Where the set has one device, or one besides nnapi-reference, it is the one that runs it;
 * else NNAPI chooses by the drivers' own claims about speed, and doesn't say. `count` is the model's operation_count.
 * Feature level 3. */
PASSERELLE_API passerelle_status passerelle_compilation_query_devices(const passerelle_compilation* compilation,
                                                                      uint64_t* devices, uint32_t count,
                                                                      passerelle_error* error) PASSERELLE_NOEXCEPT;

/* Deletes what dead processes left in a crash_directory: every device gets another chance. */
PASSERELLE_API passerelle_status passerelle_crash_marks_clear(const char* crash_directory,
                                                              passerelle_error* error) PASSERELLE_NOEXCEPT;

/* --- Running ------------------------------------------------------------------------------------------------------ */

/* The caller's buffers: `size` must be passerelle_port_info.byte_size of the port. Any alignment that suits the element
 * type will do. */
typedef struct passerelle_input {
  const void* data;
  size_t size;
  uint64_t reserved[2];
} passerelle_input;

typedef struct passerelle_output {
  void* data;
  size_t size;
  uint64_t reserved[2];
} passerelle_output;

/* Runs once, and returns when the outputs are written; on failure their content is undefined. One buffer for each input
 * and output of the model, in its order. Inputs are not written to; the buffers may be reused as soon as this returns.
 */
PASSERELLE_API passerelle_status passerelle_run(const passerelle_compilation* compilation,
                                                const passerelle_input* inputs, uint32_t input_count,
                                                const passerelle_output* outputs, uint32_t output_count,
                                                passerelle_error* error) PASSERELLE_NOEXCEPT;

/* --- Memories ----------------------------------------------------------------------------------------------------- */

/* Memory that NNAPI maps once, so that no run copies inputs or outputs between processes. */
typedef struct passerelle_memory passerelle_memory;

typedef enum passerelle_access {
  PASSERELLE_ACCESS_READ = 1,  /* for inputs */
  PASSERELLE_ACCESS_WRITE = 2, /* for outputs */
  PASSERELLE_ACCESS_READ_WRITE = 3
} passerelle_access;

/* `size` bytes at `offset`, a multiple of the page's size, of a descriptor that can be mapped: ashmem
 * (ASharedMemory_create), memfd, a file. NNAPI keeps its own duplicate of the descriptor. */
PASSERELLE_API passerelle_status passerelle_memory_from_descriptor(const passerelle_nnapi* nnapi, int descriptor,
                                                                   passerelle_access access, size_t offset, size_t size,
                                                                   passerelle_memory** memory,
                                                                   passerelle_error* error) PASSERELLE_NOEXCEPT;

struct AHardwareBuffer;
/* `size` bytes of an AHardwareBuffer of format BLOB, with the CPU usages that its purpose takes (feature level 3). The
 * caller keeps the buffer until the memory is closed. */
PASSERELLE_API passerelle_status passerelle_memory_from_hardware_buffer(const passerelle_nnapi* nnapi,
                                                                        const struct AHardwareBuffer* buffer,
                                                                        size_t size, passerelle_memory** memory,
                                                                        passerelle_error* error) PASSERELLE_NOEXCEPT;

PASSERELLE_API void passerelle_memory_close(passerelle_memory* memory) PASSERELLE_NOEXCEPT;

/* --- Executions --------------------------------------------------------------------------------------------------- */

/* A compilation with its buffers, to be run as often as wanted. What a run needs besides is kept from run to run: the
 * space for converted layouts, and NNAPI's own execution where that can be reused (feature level 5) until a buffer is
 * set anew. */
typedef struct passerelle_execution passerelle_execution;

typedef struct passerelle_execution_options {
  size_t struct_size;
  int32_t burst;          /* not 0: keep the driver ready between runs (feature level 3), for runs in close sequence */
  int32_t measure_timing; /* not 0: for passerelle_execution_timing; feature level 3, and exactly one device */
  uint64_t timeout;       /* of a run; 0: none. Feature level 4, and exactly one device */
  uint64_t loop_timeout;  /* of each loop of a run, all iterations together; 0: NNAPI's own, 2 s; at most 15 s. Without
                             effect on a model without loops */
} passerelle_execution_options;

#define PASSERELLE_EXECUTION_OPTIONS_INIT \
  { sizeof(passerelle_execution_options), 0, 0, 0, 0 }

/* `options` may be NULL. */
PASSERELLE_API passerelle_status passerelle_execution_create(const passerelle_compilation* compilation,
                                                             const passerelle_execution_options* options,
                                                             passerelle_execution** execution,
                                                             passerelle_error* error) PASSERELLE_NOEXCEPT;
/* Waits for a run that was started. */
PASSERELLE_API void passerelle_execution_close(passerelle_execution* execution) PASSERELLE_NOEXCEPT;

/* The buffers that all runs from now on read and write; as passerelle_input and passerelle_output have them. They must
 * stay until others are set or the execution is closed, and must not change during a run. Not to be called between
 * start and wait. */
PASSERELLE_API passerelle_status passerelle_execution_set_input(passerelle_execution* execution, uint32_t index,
                                                                const void* data, size_t size,
                                                                passerelle_error* error) PASSERELLE_NOEXCEPT;
PASSERELLE_API passerelle_status passerelle_execution_set_output(passerelle_execution* execution, uint32_t index,
                                                                 void* data, size_t size,
                                                                 passerelle_error* error) PASSERELLE_NOEXCEPT;

/* As above, in a memory: passerelle_port_info.byte_size bytes at `offset`. The port's layout must be NNAPI's, as the
 * loader has no address of the memory to convert from (convert the model with NHWC inputs and outputs). The execution
 * keeps the memory. */
PASSERELLE_API passerelle_status passerelle_execution_set_input_memory(passerelle_execution* execution, uint32_t index,
                                                                       const passerelle_memory* memory, size_t offset,
                                                                       passerelle_error* error) PASSERELLE_NOEXCEPT;
PASSERELLE_API passerelle_status passerelle_execution_set_output_memory(passerelle_execution* execution, uint32_t index,
                                                                        const passerelle_memory* memory, size_t offset,
                                                                        passerelle_error* error) PASSERELLE_NOEXCEPT;

/* Runs, and returns when the outputs are written; on failure their content is undefined. All buffers must be set. */
PASSERELLE_API passerelle_status passerelle_execution_run(passerelle_execution* execution,
                                                          passerelle_error* error) PASSERELLE_NOEXCEPT;

/* Starts a run and returns; each start is followed by one wait, which returns when the outputs are written and says how
 * it went. `burst` has no part in such runs. */
PASSERELLE_API passerelle_status passerelle_execution_start(passerelle_execution* execution,
                                                            passerelle_error* error) PASSERELLE_NOEXCEPT;
PASSERELLE_API passerelle_status passerelle_execution_wait(passerelle_execution* execution,
                                                           passerelle_error* error) PASSERELLE_NOEXCEPT;

#define PASSERELLE_NO_DURATION UINT64_MAX /* the driver doesn't measure it */

typedef struct passerelle_timing {
  size_t struct_size;
  uint64_t on_hardware; /* the last run, on the device itself */
  uint64_t in_driver;   /* the last run, in the driver with its device */
} passerelle_timing;

/* Of the last run, which succeeded, of an execution with measure_timing. */
PASSERELLE_API passerelle_status passerelle_execution_timing(const passerelle_execution* execution,
                                                             passerelle_timing* timing,
                                                             passerelle_error* error) PASSERELLE_NOEXCEPT;

#ifdef __cplusplus
}
#endif

#endif
