// A model made ready by an NNAPI library.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "library.h"
#include "passerelle/blob/file.h"
#include "passerelle/loader/passerelle.h"
#include "weights.h"

namespace passerelle::loader {

using NativeModel = std::unique_ptr<ANeuralNetworksModel, void (*)(ANeuralNetworksModel*)>;
using NativeCompilation = std::unique_ptr<ANeuralNetworksCompilation, void (*)(ANeuralNetworksCompilation*)>;

/// A file's model, built in NNAPI. The members are destroyed from the last to the first: each outlives what was made of
/// it.
struct BuiltModel {
  std::shared_ptr<const blob::File> file;
  std::shared_ptr<const Library> library;
  Weights weights;
  std::vector<NativeModel> referenced;  ///< what IF and WHILE refer to: subgraph i + 1 of the file
  NativeModel model;

  BuiltModel(std::shared_ptr<const blob::File> file, std::shared_ptr<const Library> library)
      : file(std::move(file)),
        library(std::move(library)),
        model(nullptr, this->library->functions.ANeuralNetworksModel_free) {}
};

struct Compiled : BuiltModel {
  NativeCompilation compilation;

  std::vector<const Device*> devices;  ///< empty where NNAPI chose
  uint64_t suspected_devices = 0;
  uint32_t reference_operations = 0;
  bool only_reference = false;
  uint32_t ignored_features = 0;
  bool retried = false;
  std::string retry_reason;

  std::string crash_directory;               ///< empty: no crash marks
  mutable std::atomic<bool> has_run{false};  ///< once at least, with success

  Compiled(std::shared_ptr<const blob::File> file, std::shared_ptr<const Library> library)
      : BuiltModel(std::move(file), std::move(library)),
        compilation(nullptr, this->library->functions.ANeuralNetworksCompilation_free) {}
};

}  // namespace passerelle::loader

struct passerelle_compilation {
  std::shared_ptr<const passerelle::loader::Compiled> compiled;
};
