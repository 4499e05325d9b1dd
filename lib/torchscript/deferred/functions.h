// What the library with LibTorch in it hands to the program without.
#pragma once

#include "passerelle/support/process_wide.h"
#include "passerelle/torchscript/known_operators.h"
#include "passerelle/torchscript/little_memory.h"
#include "passerelle/torchscript/model.h"
#include "passerelle/torchscript/replay.h"
#include "passerelle/torchscript/split_module.h"

namespace passerelle::torchscript {

/// A row for each public function of the room but libtorch_version(), which is known without.
struct Functions {
  void (*adopt)(ProcessWide&);
  decltype(&Model::load) load;
  void (*close)(Model&&);  ///< leaves an empty one
  decltype(&Model::parameters) parameters;
  decltype(&Model::example_inputs) example_inputs;
  decltype(&Model::trace) trace;
  decltype(&Model::program) program;
  decltype(&Model::run) run;
  decltype(&Model::repeated_run) repeated_run;
  decltype(&Model::written_by) written_by;
  decltype(&Model::nnapi_calls) nnapi_calls;
  decltype(&Model::use_threads) use_threads;
  decltype(&with_floats) with_floats_;
  decltype(&prepare_for_little_memory) prepare_for_little_memory_;
  decltype(&replay) replay_;
  decltype(&has_operator) has_operator_;
  decltype(&write_split_module) write_split_module_;
  decltype(&provide_nnapi) provide_nnapi_;
};

inline constexpr const char* functions_symbol = "passerelle_torchscript_functions";

}  // namespace passerelle::torchscript
