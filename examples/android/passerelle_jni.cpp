// The native half of Passerelle.kt. A handle is a Runner's address; failures are Java exceptions with the loader's own
// sentence.
#include <jni.h>

#include <memory>
#include <string>
#include <vector>

#include "passerelle/loader/passerelle.hpp"

namespace {

namespace loader = passerelle::loader;

struct Runner {
  loader::Model model;
  loader::Nnapi nnapi;
  loader::Compilation compilation;
  loader::Execution execution;
};

Runner* runner_of(jlong handle) { return reinterpret_cast<Runner*>(handle); }

void throw_error(JNIEnv* env, const loader::Error& error) {
  const bool unreadable = error.status() == PASSERELLE_CANNOT_READ || error.status() == PASSERELLE_NOT_A_MODEL ||
                          error.status() == PASSERELLE_DAMAGED_MODEL || error.status() == PASSERELLE_NEWER_MODEL;
  const char* type = error.status() == PASSERELLE_INVALID_ARGUMENT ? "java/lang/IllegalArgumentException"
                     : unreadable                                  ? "java/io/IOException"
                                                                   : "java/lang/IllegalStateException";
  if (jclass exception = env->FindClass(type)) env->ThrowNew(exception, error.message());
}

/// A Java string as UTF-8; empty for null.
std::string text_of(JNIEnv* env, jstring string) {
  if (!string) return {};
  const char* bytes = env->GetStringUTFChars(string, nullptr);
  std::string text = bytes ? bytes : "";
  if (bytes) env->ReleaseStringUTFChars(string, bytes);
  return text;
}

/// Gives each direct ByteBuffer to the execution. False: an exception is pending.
bool set_buffers(JNIEnv* env, Runner& runner, jobjectArray buffers, bool input) {
  loader::Error error;
  for (jsize i = 0; i < env->GetArrayLength(buffers); ++i) {
    jobject buffer = env->GetObjectArrayElement(buffers, i);
    void* address = buffer ? env->GetDirectBufferAddress(buffer) : nullptr;  // null for a buffer on Java's heap
    const auto size = static_cast<size_t>(address ? env->GetDirectBufferCapacity(buffer) : 0);
    const auto index = static_cast<uint32_t>(i);
    const bool done = input ? runner.execution.set_input(index, address, size, error)
                            : runner.execution.set_output(index, address, size, error);
    env->DeleteLocalRef(buffer);
    if (done) continue;
    throw_error(env, error);
    return false;
  }
  return true;
}

jintArray sizes_of(JNIEnv* env, const std::vector<passerelle_port_info>& ports) {
  std::vector<jint> sizes;
  for (const passerelle_port_info& port : ports) sizes.push_back(static_cast<jint>(port.byte_size));
  jintArray array = env->NewIntArray(static_cast<jsize>(sizes.size()));
  if (array) env->SetIntArrayRegion(array, 0, static_cast<jsize>(sizes.size()), sizes.data());
  return array;
}

}  // namespace

extern "C" JNIEXPORT jlong JNICALL Java_org_passerelle_example_Passerelle_nativeOpen(JNIEnv* env, jclass,
                                                                                     jint descriptor, jlong offset,
                                                                                     jlong length, jstring cache,
                                                                                     jstring crashes) {
  loader::Error error;
  const std::string cache_directory = text_of(env, cache), crash_directory = text_of(env, crashes);
  loader::CompileOptions options;
  options.preference = PASSERELLE_PREFER_SUSTAINED_SPEED;
  // options.fp16 stays as the file says: a file converted without --relax-fp16 was verified in float32 alone.
  if (!cache_directory.empty()) options.cache_directory = cache_directory.c_str();
  if (!crash_directory.empty()) options.crash_directory = crash_directory.c_str();
  auto runner = std::make_unique<Runner>();
  runner->model = loader::Model::open(descriptor, static_cast<uint64_t>(offset), static_cast<uint64_t>(length), error);
  if (runner->model) runner->nnapi = loader::Nnapi::open(nullptr, error);
  runner->compilation = loader::Compilation::make(runner->model, runner->nnapi, options, error);
  runner->execution = loader::Execution::make(runner->compilation, {}, error);
  if (runner->execution) return reinterpret_cast<jlong>(runner.release());
  throw_error(env, error);
  return 0;
}

extern "C" JNIEXPORT void JNICALL Java_org_passerelle_example_Passerelle_nativeClose(JNIEnv*, jclass, jlong handle) {
  delete runner_of(handle);
}

extern "C" JNIEXPORT jintArray JNICALL Java_org_passerelle_example_Passerelle_nativeInputSizes(JNIEnv* env, jclass,
                                                                                               jlong handle) {
  return sizes_of(env, runner_of(handle)->model.inputs());
}

extern "C" JNIEXPORT jintArray JNICALL Java_org_passerelle_example_Passerelle_nativeOutputSizes(JNIEnv* env, jclass,
                                                                                                jlong handle) {
  return sizes_of(env, runner_of(handle)->model.outputs());
}

/// How many operations NNAPI's own slow CPU implementation has to do.
extern "C" JNIEXPORT jint JNICALL Java_org_passerelle_example_Passerelle_nativeSlowOperations(JNIEnv*, jclass,
                                                                                              jlong handle) {
  return static_cast<jint>(runner_of(handle)->compilation.info().reference_operations);
}

extern "C" JNIEXPORT void JNICALL Java_org_passerelle_example_Passerelle_nativeRun(JNIEnv* env, jclass, jlong handle,
                                                                                   jobjectArray inputs,
                                                                                   jobjectArray outputs) {
  Runner& runner = *runner_of(handle);
  loader::Error error;
  if (!set_buffers(env, runner, inputs, true) || !set_buffers(env, runner, outputs, false)) return;
  if (!runner.execution.run(error)) throw_error(env, error);
}
