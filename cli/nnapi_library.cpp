#include "nnapi_library.h"

#include <filesystem>

namespace passerelle::cli {

void add_nnapi_option(CLI::App& app, std::string& library) {
  app.add_option("--nnapi", library,
                 "The NNAPI library to run with. Default: the host NNAPI that comes with passerelle; on Android the "
                 "system's")
      ->type_name("LIB.so");
}

Expected<std::string> nnapi_library(const std::string& given) {
  if (!given.empty()) return given;
#ifdef __ANDROID__
  return std::string("libneuralnetworks.so");
#else
  namespace fs = std::filesystem;
  std::error_code error;
  fs::path folder = fs::read_symlink("/proc/self/exe", error).parent_path();
  // As it lies in a build folder, and as it is installed.
  for (const char* place : {"../lib/libneuralnetworks.so", PASSERELLE_INSTALLED_HOST_NNAPI})
    if (fs::path library = folder / place; fs::exists(library, error)) return library.lexically_normal().string();
  return Error{ErrorKind::nnapi, "the host NNAPI (libneuralnetworks.so) is not in " +
                                     (folder / "../lib").lexically_normal().string() + "; name a library with --nnapi"};
#endif
}

}  // namespace passerelle::cli
