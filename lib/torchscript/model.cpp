#include "passerelle/torchscript/model.h"

#include <functional>

#include <ATen/Parallel.h>
#include <torch/csrc/jit/runtime/graph_executor.h>
#include <torch/version.h>

#include <algorithm>
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
#include "running/memory_budget.h"
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

/// For a small model and small inputs less than for large ones: nothing that is meant needs many times as much.
uint64_t scaled(uint64_t most, uint64_t file_size, const Arguments& arguments) {
  constexpr uint64_t least = uint64_t{1} << 30, times = 64;
  uint64_t given = file_size;
  for (const FlatInput& input : arguments.inputs) given += input.tensor.nbytes();
  return std::min(most, least + std::min(given, most / times) * times);
}

/// For those who want to know: `result`, what forward returned; `in_float32`, whether float16 and bfloat16 became so.
Expected<Trace> trace_once(const Loaded& loaded, const Arguments& arguments, Budget budget, Values values,
                           c10::IValue* result = nullptr, bool* in_float32 = nullptr) {
  budget.bytes = scaled(budget.bytes, loaded.file_size, arguments);
  const HeapLimit limit(budget.bytes + (uint64_t{1} << 30));
  const LackOfKernels lack;
  Interpreter interpreter(loaded.module, budget, values);
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

Expected<Trace> trace_once(const Loaded& loaded, const std::vector<InputSpec>& specs, const Budget& budget,
                           Values values) {
  Expected<Arguments> arguments = make_arguments(loaded.module, specs);
  if (!arguments) return arguments.error();
  return trace_once(loaded, *arguments, budget, values);
}

/// Of a model that is compared by what it comes to in float32, for lack of kernels for float16 or bfloat16; nothing
/// for all others.
Expected<std::optional<Trace>> trace_in_float32(const Loaded& loaded, const std::vector<InputSpec>& specs,
                                                const std::vector<graph::HostTensor>& inputs) {
  Expected<Arguments> arguments = make_arguments(loaded.module, specs, &inputs);
  if (!arguments) return arguments.error();
  if (!may_have_narrow_floats(loaded.module, *arguments)) return std::optional<Trace>();
  bool in_float32 = false;
  Expected<Trace> trace = trace_once(loaded, *arguments, Budget{}, Values::shapes_alone, nullptr, &in_float32);
  if (!trace) return trace.error();
  if (!in_float32 || !trace->diagnostics.empty()) return std::optional<Trace>();
  return std::optional<Trace>(*std::move(trace));
}

Expected<std::vector<graph::HostTensor>> host_tensors(const c10::IValue& result) {
  std::vector<graph::HostTensor> tensors;
  for (const at::Tensor& tensor : flat_tensors(result)) tensors.push_back(host_tensor(tensor));
  return tensors;
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
  Expected<Trace> quick = trace_once(*state_, specs, budget, Values::shapes_alone);
  if (quick && quick->diagnostics.empty()) return quick;
  return trace_once(*state_, specs, budget, Values::computed);
}

Expected<Program> Model::program(const std::vector<InputSpec>& specs, const Budget& given) const {
  prepare_libtorch();
  const ActivityNote note(running(state_->path));
  Budget budget = given;
  budget.unrolled = std::numeric_limits<int64_t>::max();  // a straight line can be divided, a loop can't
  const at::NoGradGuard no_gradients;
  Expected<Arguments> arguments = make_arguments(state_->module, specs);
  if (!arguments) return arguments.error();
  auto structure = std::make_shared<Program::Structure>();
  structure->module = state_->module;
  structure->arguments = *arguments;
  Expected<Trace> trace = trace_once(*state_, *arguments, budget, Values::shapes_alone, &structure->result);
  if (!trace || !trace->diagnostics.empty()) {
    arguments = make_arguments(state_->module, specs);  // forward may have written to its inputs
    structure->arguments = *arguments;
    trace = trace_once(*state_, *arguments, budget, Values::computed, &structure->result);
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
  Expected<std::optional<Trace>> wide = trace_in_float32(*state_, specs, inputs);
  if (!wide) return wide.error();
  if (*wide) return replay(**wide, inputs);
  Expected<Arguments> arguments = make_arguments(state_->module, specs, &inputs);
  if (!arguments) return arguments.error();
  // In steps, within limits and with a look at each operator's arguments.
  c10::IValue result;
  const Expected<Trace> trace = trace_once(*state_, *arguments, Budget{}, Values::computed, &result);
  if (!trace) return trace.error();
  // A region is traced once: what it comes to on these inputs, LibTorch's executor tells.
  const bool has_regions = std::any_of(trace->nodes.begin(), trace->nodes.end(),
                                       [](const trace::Node& node) { return !node.regions.empty(); });
  if (trace->diagnostics.empty() && !has_regions) return host_tensors(result);
  if (const auto forbidden = find_forbidden_operator(state_->module))
    return Error{ErrorKind::unsupported, "the model calls " + *forbidden +
                                             ", which is not on the list of operators that may run; leave it out"};
  const auto too_large =
      std::find_if(trace->diagnostics.begin(), trace->diagnostics.end(),
                   [](const graph::Diagnostic& each) { return each.reason == graph::Reason::too_large; });
  if (too_large != trace->diagnostics.end())
    return Error{ErrorKind::unsupported, "the model can't be run: " + too_large->op + ": " + too_large->message};
  // What could not be converted may have gone another way there: it writes to what the model holds, say.
  arguments = make_arguments(state_->module, specs, &inputs);
  if (!arguments) return arguments.error();
  try {
    return host_tensors(state_->module.get_method("forward")(arguments->values));
  } catch (const std::exception& exception) {
    return threw(first_line(exception), {});
  }
}

Expected<std::function<bool()>> Model::repeated_run(const std::vector<InputSpec>& specs,
                                                    const std::vector<graph::HostTensor>& inputs) const {
  if (Expected<std::vector<graph::HostTensor>> once = run(specs, inputs); !once) return once.error();
  Expected<std::optional<Trace>> wide = trace_in_float32(*state_, specs, inputs);
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
