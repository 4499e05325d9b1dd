// A .nnapi file, compiled once and run again and again on made-up inputs, through the loader.
#pragma once

#include <string>
#include <vector>

#include "passerelle/loader/passerelle.hpp"

namespace passerelle::bench {

class NnapiRunner {
 public:
  /// `library`: null for the system's; `device`: null for any. Buffers are filled with small values from a fixed seed.
  /// Where it fails `error` says why.
  static NnapiRunner make(const char* path, const char* library, const char* device, loader::Error& error);
  explicit operator bool() const { return static_cast<bool>(execution_); }
  bool run(loader::Error& error) { return execution_.run(error); }
  double compile_seconds() const { return compile_seconds_; }

 private:
  loader::Model model_;
  loader::Nnapi nnapi_;
  loader::Compilation compilation_;
  loader::Execution execution_;
  std::vector<std::vector<unsigned char>> inputs_, outputs_;
  double compile_seconds_ = 0;
};

}  // namespace passerelle::bench
