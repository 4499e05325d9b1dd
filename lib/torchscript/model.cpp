#include "passerelle/torchscript/model.h"

#include <functional>

#include <ATen/Parallel.h>
#include <torch/csrc/jit/runtime/graph_executor.h>
#include <torch/version.h>

#include <limits>

#include "archive/nnapi_calls.h"
#include "archive/reachable_operators.h"
#include "interpreter/failures.h"
#include "interpreter/interpreter.h"
#include "interpreter/narrow_kernels.h"
#include "model_state.h"
#include "passerelle/support/activity.h"
#include "passerelle/support/check.h"
#include "passerelle/torchscript/replay.h"
#include "passerelle/trace/narrow_floats.h"
#include "program.h"
#include "running/arguments.h"
#include "running/engine.h"
#include "running/flatten.h"
#include "running/narrow_floats.h"
#include "running/tensor_conversion.h"

namespace passerelle::torchscript {
namespace {

/// LibTorch's executor without its optimisations: what the model says, operator by operator.
class PlainExecutor {
 public:
  PlainExecutor() : profiling_(torch::jit::getProfilingMode().exchange(false)) {}
  ~PlainExecutor() { torch::jit::getProfilingMode() = profiling_; }
  PlainExecutor(const PlainExecutor&) = delete;
  PlainExecutor& operator=(const PlainExecutor&) = delete;

 private:
  bool profiling_;
  torch::jit::GraphOptimizerEnabledGuard plain_{false};
};

Error threw(const std::string& what, const graph::Origin& origin) {
  if (what.find("nnapi") != what.npos) return {ErrorKind::nnapi, "PyTorch's NNAPI class fails: " + what};
  std::string message = "the model throws on these inputs: " + what;
  // Drawn without knowing what they are used for.
  const bool is_index = what.find("index out of range") != std::string::npos;
  if (!origin.op.empty()) message += " (in " + origin.op;
  if (!origin.op.empty() && origin.user.line > 0)
    message += ", " + origin.user.file + " line " + std::to_string(origin.user.line);
  if (!origin.op.empty()) message += ")";
  if (is_index)
    return {ErrorKind::usage, message +
                                  "; where whole numbers are looked up in a table, give a .npy file with numbers "
                                  "of its rows: those that are made up go to 9"};
  return {ErrorKind::usage, message + "; give inputs of the shapes and types that it was made for"};
}

/// For those who want to know: `result`, what forward returned; `in_float32`, whether float16 and bfloat16 became so.
Expected<Trace> trace_once(const torch::jit::Module& module, const Arguments& arguments, const Budget& budget,
                           Values values, c10::IValue* result = nullptr, bool* in_float32 = nullptr) {
  const LackOfKernels lack;
  Interpreter interpreter(module, budget, values);
  try {
    interpreter.run(arguments);
  } catch (const ModelThrew& thrown) {
    return threw(thrown.what, thrown.origin);
  } catch (const InternalError&) {
    throw;
  } catch (const std::exception& exception) {
    // LibTorch's own complaint about an archive whose code and values don't fit each other.
    return threw(first_line(exception), {});
  }
  if (result != nullptr) *result = interpreter.result();
  Trace trace = interpreter.finish();
  const bool widens = lack.was_met() || trace::needs_float32(trace);
  if (in_float32 != nullptr) *in_float32 = widens;
  return widens ? trace::in_float32(std::move(trace)) : std::move(trace);
}

Expected<Trace> trace_once(const torch::jit::Module& module, const std::vector<InputSpec>& specs, const Budget& budget,
                           Values values) {
  Expected<Arguments> arguments = make_arguments(module, specs);
  if (!arguments) return arguments.error();
  return trace_once(module, *arguments, budget, values);
}

/// Of a model that is compared by what it comes to in float32, for lack of kernels for float16 or bfloat16; nothing
/// for all others.
Expected<std::optional<Trace>> trace_in_float32(const torch::jit::Module& module, const std::vector<InputSpec>& specs,
                                                const std::vector<graph::HostTensor>& inputs) {
  Expected<Arguments> arguments = make_arguments(module, specs, &inputs);
  if (!arguments) return arguments.error();
  if (!may_have_narrow_floats(module, *arguments)) return std::optional<Trace>();
  bool in_float32 = false;
  Expected<Trace> trace = trace_once(module, *arguments, Budget{}, Values::shapes_alone, nullptr, &in_float32);
  if (!trace) return trace.error();
  if (!in_float32 || !trace->diagnostics.empty()) return std::optional<Trace>();
  return std::optional<Trace>(*std::move(trace));
}

/// A model that holds an operator that may not run, in a branch that may not be taken: LibTorch's executor would not
/// look, the interpreter does. What it has run is then run again for its values.
Expected<std::vector<graph::HostTensor>> run_in_steps(const torch::jit::Module& module, const Arguments& arguments,
                                                      const std::vector<graph::HostTensor>& inputs,
                                                      const std::string& forbidden) {
  Expected<Trace> trace = trace_once(module, arguments, Budget{}, Values::computed);
  if (!trace) return trace.error();
  if (!trace->diagnostics.empty())
    return Error{ErrorKind::unsupported,
                 "the model calls " + forbidden + ", which is not on the list of operators that may run; leave it out"};
  return replay(*trace, inputs);
}

std::string running(const std::string& path) { return "running '" + path + "'"; }

}  // namespace

Model::Model(std::unique_ptr<State> state) : state_(std::move(state)) {}
Model::Model(Model&&) noexcept = default;
Model& Model::operator=(Model&&) noexcept = default;
Model::~Model() = default;

std::vector<ParameterInfo> Model::parameters() const { return parameters_of(state_->module); }

Expected<std::vector<graph::HostTensor>> Model::example_inputs(const std::vector<InputSpec>& specs) const {
  prepare_libtorch();
  const ActivityNote note(running(state_->path));
  const c10::InferenceMode inference;
  Expected<Arguments> arguments = make_arguments(state_->module, specs);
  if (!arguments) return arguments.error();
  std::vector<graph::HostTensor> tensors;
  for (const FlatInput& input : arguments->inputs) tensors.push_back(host_tensor(input.tensor));
  return tensors;
}

Expected<Trace> Model::trace(const std::vector<InputSpec>& specs, const Budget& budget) const {
  prepare_libtorch();
  const ActivityNote note(running(state_->path));
  const at::NoGradGuard no_gradients;
  Expected<Trace> quick = trace_once(state_->module, specs, budget, Values::shapes_alone);
  if (quick && quick->diagnostics.empty()) return quick;
  return trace_once(state_->module, specs, budget, Values::computed);
}

Expected<Program> Model::program(const std::vector<InputSpec>& specs, const Budget& given) const {
  prepare_libtorch();
  Budget budget = given;
  budget.unrolled = std::numeric_limits<int64_t>::max();  // a straight line can be divided, a loop can't
  const at::NoGradGuard no_gradients;
  Expected<Arguments> arguments = make_arguments(state_->module, specs);
  if (!arguments) return arguments.error();
  auto structure = std::make_shared<Program::Structure>();
  structure->module = state_->module;
  structure->arguments = *arguments;
  Expected<Trace> trace = trace_once(state_->module, *arguments, budget, Values::shapes_alone, &structure->result);
  if (!trace || !trace->diagnostics.empty()) {
    arguments = make_arguments(state_->module, specs);  // forward may have written to its inputs
    structure->arguments = *arguments;
    trace = trace_once(state_->module, *arguments, budget, Values::computed, &structure->result);
  }
  if (!trace) return trace.error();
  return Program{*std::move(trace), std::move(structure)};
}

Expected<std::vector<graph::HostTensor>> Model::run(const std::vector<InputSpec>& specs,
                                                    const std::vector<graph::HostTensor>& inputs) const {
  prepare_libtorch();
  const ActivityNote note(running(state_->path));
  const at::NoGradGuard no_gradients;
  const PlainExecutor plain;
  Expected<std::optional<Trace>> wide = trace_in_float32(state_->module, specs, inputs);
  if (!wide) return wide.error();
  if (*wide) return replay(**wide, inputs);
  Expected<Arguments> arguments = make_arguments(state_->module, specs, &inputs);
  if (!arguments) return arguments.error();
  if (const auto forbidden = find_forbidden_operator(state_->module))
    return run_in_steps(state_->module, *arguments, inputs, *forbidden);
  std::vector<graph::HostTensor> outputs;
  try {
    const c10::IValue result = state_->module.get_method("forward")(arguments->values);
    for (const at::Tensor& tensor : flat_tensors(result)) outputs.push_back(host_tensor(tensor));
  } catch (const std::exception& exception) {
    return threw(first_line(exception), {});
  }
  return outputs;
}

Expected<std::function<bool()>> Model::repeated_run(const std::vector<InputSpec>& specs,
                                                    const std::vector<graph::HostTensor>& inputs) const {
  if (Expected<std::vector<graph::HostTensor>> once = run(specs, inputs); !once) return once.error();
  Expected<std::optional<Trace>> wide = trace_in_float32(state_->module, specs, inputs);
  if (!wide) return wide.error();
  if (*wide)
    return std::function<bool()>([trace = **wide, inputs] { return static_cast<bool>(replay(trace, inputs)); });
  Expected<Arguments> arguments = make_arguments(state_->module, specs, &inputs);
  if (!arguments) return arguments.error();
  return std::function<bool()>([this, values = arguments->values] {
    const ActivityNote note(running(state_->path));
    const at::NoGradGuard no_gradients;
    try {
      state_->module.get_method("forward")(values);
    } catch (const std::exception&) {
      return false;
    }
    return true;
  });
}

std::optional<Model::NnapiCalls> Model::nnapi_calls() const {
  const NnapiCalls calls = nnapi_calls_of(state_->module);
  if (calls.parts == 0) return std::nullopt;
  return calls;
}

void Model::use_threads(int threads) { at::set_num_threads(threads); }

const std::string& Model::written_by() const { return state_->written_by; }

std::string Model::libtorch_version() { return TORCH_VERSION; }

}  // namespace passerelle::torchscript
