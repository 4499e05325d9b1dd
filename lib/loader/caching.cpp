#include "caching.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "failure.h"
#include "passerelle/blob/digest.h"
#include "passerelle/support/text.h"

namespace passerelle::loader {
namespace {

void update(blob::Digest& digest, const char* text) { digest.update(text, std::strlen(text) + 1); }

void update(blob::Digest& digest, uint32_t number) { digest.update(&number, sizeof number); }

uint64_t digest_of_device(const Device& device) {
  blob::Digest digest;
  update(digest, device.name);
  update(digest, device.version);
  update(digest, device.feature_level);
  return digest.value();
}

uint64_t digest_of_devices(const Compiled& target) {
  blob::Digest digest;
  update(digest, target.devices.empty() ? 0u : 1u);
  const auto add = [&](const Device& device) {
    const uint64_t value = digest_of_device(device);
    digest.update(&value, sizeof value);
  };
  if (target.devices.empty())
    for (const Device& device : target.library->devices) add(device);
  for (const Device* device : target.devices) add(*device);
  return digest.value();
}

uint64_t digest_of_options(const Compiled& target, const passerelle_compile_options& options, bool relax_fp16) {
  blob::Digest digest;
  update(digest, target.library->feature_level);
  update(digest, static_cast<uint32_t>(options.preference));
  update(digest, static_cast<uint32_t>(options.priority));
  update(digest, relax_fp16 ? 1u : 0u);
  return digest.value();
}

uint64_t digest_of_weights(const blob::View& view) {
  blob::Digest digest;
  for (uint32_t index = 0; index < view.window_count(); ++index) {
    const uint64_t value = view.window(index).digest;
    digest.update(&value, sizeof value);
  }
  return digest.value();
}

}  // namespace

CacheToken cache_token(const Compiled& target, const passerelle_compile_options& options, bool relax_fp16) {
  const uint64_t parts[] = {target.file->content_digest(), digest_of_weights(target.file->view()),
                            digest_of_options(target, options, relax_fp16), digest_of_devices(target)};
  CacheToken token;
  static_assert(sizeof parts == sizeof token);
  std::memcpy(token.data(), parts, sizeof parts);
  return token;
}

passerelle_status check_cache_directory(const char* directory, passerelle_error* error) {
  if (::access((std::string(directory) + "/.").c_str(), R_OK | W_OK | X_OK) == 0) return PASSERELLE_OK;
  return fail(error, PASSERELLE_INVALID_ARGUMENT,
              text({"cannot cache compilations in ", directory, ": ", std::strerror(errno)}));
}

passerelle_status set_caching(const Compiled& target, ANeuralNetworksCompilation* compilation,
                              const passerelle_compile_options& options, bool relax_fp16, passerelle_error* error) {
  const auto setCaching = target.library->functions.ANeuralNetworksCompilation_setCaching;
  if (!options.cache_directory || !setCaching) return PASSERELLE_OK;
  const CacheToken token = cache_token(target, options, relax_fp16);
  const int result = setCaching(compilation, options.cache_directory, token.data());
  if (result == ANEURALNETWORKS_NO_ERROR) return PASSERELLE_OK;
  return fail_in_nnapi(error, "ANeuralNetworksCompilation_setCaching", result, options.cache_directory);
}

}  // namespace passerelle::loader
