// The library's side: the functions themselves.
#include "functions.h"

using namespace passerelle::torchscript;

namespace {

void close(Model&& model) { const Model last = std::move(model); }

}  // namespace

extern "C" __attribute__((visibility("default"))) const Functions passerelle_torchscript_functions = {
    &passerelle::adopt_process_wide,
    &Model::load,
    &close,
    &Model::parameters,
    &Model::example_inputs,
    &Model::trace,
    &Model::program,
    &Model::run,
    &Model::repeated_run,
    &Model::written_by,
    &Model::nnapi_calls,
    &Model::use_threads,
    &with_floats,
    &prepare_for_little_memory,
    &replay,
    &has_operator,
    &write_split_module,
    &provide_nnapi,
};
