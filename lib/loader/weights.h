// A model's windows of weights, as NNAPI takes them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "library.h"
#include "passerelle/blob/file.h"
#include "passerelle/loader/passerelle.h"

namespace passerelle::loader {

/// Lives as long as what was built with it: NNAPI reads from it until then.
class Weights {
 public:
  Weights() = default;
  Weights(const Weights&) = delete;
  Weights& operator=(const Weights&) = delete;
  ~Weights();

  passerelle_status open(const blob::File& file, const Library& library, passerelle_error* error);

  /// Gives a constant operand of storage `window` its value: NNAPI's result code. `function` is told which call it was.
  int set_value(ANeuralNetworksModel* model, uint32_t index, const blob::Operand& operand, const char** function) const;

 private:
  /// One of the two is set.
  struct Window {
    ANeuralNetworksMemory* memory = nullptr;
    const unsigned char* address = nullptr;
  };

  passerelle_status open_from_file(const blob::File& file, passerelle_error* error);
  passerelle_status open_mapped(const blob::File& file, passerelle_error* error);
  passerelle_status open_copied(const blob::File& file, passerelle_error* error);

  const Functions* functions_ = nullptr;
  std::vector<Window> windows_;
  void* mapping_ = nullptr;
  size_t mapping_size_ = 0;
  std::unique_ptr<unsigned char[]> copy_;
};

}  // namespace passerelle::loader
