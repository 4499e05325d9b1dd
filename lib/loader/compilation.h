// A model made ready by an NNAPI library.
#pragma once

#include <memory>

#include "library.h"
#include "passerelle/blob/file.h"
#include "passerelle/loader/passerelle.h"
#include "weights.h"

/// The members are destroyed from the last to the first: each outlives what was made of it.
struct passerelle_compilation {
  std::shared_ptr<const passerelle::blob::File> file;
  std::shared_ptr<const passerelle::loader::Library> library;
  passerelle::loader::Weights weights;
  std::unique_ptr<ANeuralNetworksModel, void (*)(ANeuralNetworksModel*)> model;
  std::unique_ptr<ANeuralNetworksCompilation, void (*)(ANeuralNetworksCompilation*)> compilation;

  passerelle_compilation(std::shared_ptr<const passerelle::blob::File> file,
                         std::shared_ptr<const passerelle::loader::Library> library)
      : file(std::move(file)),
        library(std::move(library)),
        model(nullptr, this->library->functions.ANeuralNetworksModel_free),
        compilation(nullptr, this->library->functions.ANeuralNetworksCompilation_free) {}
};
