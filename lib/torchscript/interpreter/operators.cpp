// Running an operator and writing it down.
#include <algorithm>
#include <optional>

#include "allowed_operators.h"
#include "archive/reachable_operators.h"
#include "call.h"
#include "failures.h"
#include "foreign/operators.h"
#include "guards.h"
#include "narrow_kernels.h"
#include "operator_rules.h"
#include "passerelle/graph/ways_out.h"
#include "passerelle/support/activity.h"
#include "running/flatten.h"
#include "running/memory_budget.h"
#include "running/tensor_conversion.h"
#include "uncomputed_results.h"
#include "ways_out.h"

namespace passerelle::torchscript {

namespace jit = torch::jit;
using c10::IValue;

namespace {

bool is_tensor_type(const c10::TypePtr& type) {
  if (type->kind() == c10::TypeKind::TensorType) return true;
  if (const auto list = type->cast<c10::ListType>()) return is_tensor_type(list->getElementType());
  if (const auto optional = type->cast<c10::OptionalType>()) return is_tensor_type(optional->getElementType());
  return false;
}

bool returns_tensors(const c10::FunctionSchema& schema) {
  for (const c10::Argument& result : schema.returns())
    if (is_tensor_type(result.type())) return true;
  return false;
}

void collect_tensors(const IValue& value, std::vector<at::Tensor>& tensors) {
  if (value.isTensor()) {
    if (value.toTensor().defined()) tensors.push_back(value.toTensor());
  } else if (value.isTuple()) {
    for (const IValue& element : value.toTupleRef().elements()) collect_tensors(element, tensors);
  } else if (value.isList() && !value.isIntList() && !value.isDoubleList() && !value.isBoolList()) {
    for (const IValue& element : value.toListRef()) collect_tensors(element, tensors);
  } else if (value.isGenericDict()) {
    for (const auto& entry : value.toGenericDict()) collect_tensors(entry.value(), tensors);
  }
}

std::vector<at::Tensor> tensors_in(const std::vector<IValue>& values) {
  std::vector<at::Tensor> tensors;
  for (const IValue& value : values) collect_tensors(value, tensors);
  return tensors;
}

bool is_mask(const at::Tensor& tensor) {
  return tensor.scalar_type() == at::kBool || tensor.scalar_type() == at::kByte;
}

/// Operators whose result's shape depends on values for some of their arguments only.
bool is_dynamic(const std::string& op, const std::vector<IValue>& arguments) {
  if (op == "aten::one_hot") return arguments.size() < 2 || arguments[1].toInt() < 0;
  if (has_dynamic_shape(op)) return true;
  if (op == "aten::where") return arguments.size() == 1;
  if (op == "aten::repeat_interleave") return arguments[arguments.size() > 2 ? 1 : 0].isTensor();
  if (op != "aten::index") return false;
  for (const at::Tensor& index : tensors_in({arguments[1]}))
    if (is_mask(index)) return true;
  return false;
}

/// The argument whose values decide about the shape of a dynamic operator's result, where it is one alone.
std::optional<size_t> shaping_argument(const std::string& op, size_t argument_count) {
  if (op == "aten::index" || op == "aten::masked_select") return 1;
  if (op == "aten::repeat_interleave") return argument_count > 2 ? 1 : 0;
  return std::nullopt;
}

}  // namespace

void Interpreter::run_operator(Node* node) {
  const std::string op = node->kind().toQualString();
  if (is_ignored(op)) {
    for (const jit::Value* output : node->outputs()) set(output, {});
    return;
  }
  // Without gradients nn.TransformerEncoderLayer takes a shortcut, one operator for the whole layer. The long way gives
  // the same and is made of operators that have counterparts.
  if (op == "aten::is_grad_enabled") return set(node->output(), {true});
  const jit::Operator* known = node->maybeOperator();
  const bool lacking = known == nullptr || is_foreign(op, known->schema().overload_name());
  if (lacking || !is_allowed(op)) {
    UnknownOperator unknown = unknown_operator(op, makes_nested_tensors(op), lacking);
    diagnose(graph::Reason::unknown_operator, std::move(unknown.why), std::move(unknown.way_out));
    return set_unknown(node);
  }
  Call call{node, known->schema(), op, inputs_of(node)};
  if (std::any_of(call.inputs.begin(), call.inputs.end(), [](const Slot& input) { return input.unknown; })) {
    // Whatever it would have been written to is unknown from here on, under all its names.
    if (call.schema.is_mutable()) throw TraceStopped{};
    return set_unknown(node);
  }
  for (const Slot& input : call.inputs) call.arguments.push_back(input.value);
  for (size_t i = 0; i < call.arguments.size(); ++i)
    if (call.writes_to(i) && !call.arguments[i].isTensor() && call.arguments[i].isPtrType())
      require_made_here(call.arguments[i], "a list or dict");
  if (run_with_number(call)) return;
  execute(call);
  set_call_results(node, call);
}

void Interpreter::execute(Call& call) {
  call.makes_tensors = returns_tensors(call.schema);
  const bool takes_numbers = takes_numbers_as_tensors(call);
  for (size_t i = 0; i < call.inputs.size(); ++i) {
    const IValue& value = call.arguments[i];
    const Dependence of_numbers = scalar_dependence(value, call.inputs[i].dependence);
    call.of_numbers = join(call.of_numbers, of_numbers);
    Dependence of_all = dependence(call.inputs[i]);
    // Whether a pair of states is None does not depend on what it holds.
    const bool compares_identity = call.op == "aten::__is__" || call.op == "aten::__isnot__";
    const bool has_shape = value.isTensor() || call.op == "aten::len" || value.isNone() || compares_identity;
    if (of_all == Dependence::data && has_shape && reads_only_shape(call.op, call.argument_name(i)))
      of_all = Dependence::shape;
    // A number taken from data is reported below; from there on it counts as the example's.
    if (call.makes_tensors && of_numbers == Dependence::data && value.isTensor() == false) {
      std::vector<at::Tensor> inside;
      collect_tensors(value, inside);
      of_all = takes_numbers ? Dependence::data : Dependence::shape;
      for (const at::Tensor& tensor : inside) of_all = join(of_all, tracker_.dependence(tensor));
    }
    call.dependence = join(call.dependence, of_all);
  }
  if (call.makes_tensors && call.of_numbers == Dependence::data && !takes_numbers) report_data_dependent_numbers(call);
  check_determinism(call);
  protect_model_tensors(call);
  const bool in_place = std::any_of(call.arguments.begin(), call.arguments.end(), [&](const IValue& argument) {
    return argument.isTensor() && argument.toTensor().defined() &&
           call.writes_to(static_cast<size_t>(&argument - call.arguments.data()));
  });
  if (in_place) return run_in_place(call);
  if (call.makes_tensors && call.dependence == Dependence::data) name_arguments(call);
  invoke(call);
  emit_results(call);
}

void Interpreter::name_arguments(Call& call) {
  for (size_t i = 0; i < call.arguments.size(); ++i)
    call.named.emplace_back(call.argument_name(i), call.tensor_overload && call.number_as_tensor[i]
                                                       ? Value{number_tensor(call.arguments[i], call.inputs[i].number)}
                                                       : to_value(call.arguments[i]));
}

/// LibTorch looks up types, layouts and orders of memory by their numbers without a look at how many there are.
static bool names_nothing(std::string_view argument, const c10::IValue& value) {
  struct Enumeration {
    std::string_view argument;
    int64_t count;
  };
  constexpr Enumeration enumerations[] = {{"dtype", static_cast<int64_t>(c10::ScalarType::NumOptions)},
                                          {"out_dtype", static_cast<int64_t>(c10::ScalarType::NumOptions)},
                                          {"layout", static_cast<int64_t>(c10::Layout::NumOptions)},
                                          {"memory_format", static_cast<int64_t>(c10::MemoryFormat::NumOptions)}};
  if (!value.isInt()) return false;
  for (const Enumeration& each : enumerations)
    if (each.argument == argument) return value.toInt() < 0 || value.toInt() >= each.count;
  return false;
}

static std::string name_with_place(const std::string& op, const graph::Origin& origin) {
  if (origin.user.line == 0) return op;
  return op + " (" + origin.user.file + " line " + std::to_string(origin.user.line) + ")";
}

static void run_kernel(jit::Node* node, const c10::FunctionSchema& schema, const std::vector<IValue>& arguments,
                       std::vector<IValue>& stack) {
  jit::Operation operation = node->getOperation();
  try {
    operation(stack);
  } catch (const OutOfBudget&) {
    throw;
  } catch (const LackingForm&) {
    throw;
  } catch (const std::exception&) {
    auto results = results_in_float32(operation, schema, arguments);
    if (!results) throw;
    stack = *std::move(results);
  }
}

void Interpreter::invoke(Call& call) {
  if (values_ == Values::shapes_alone && call.dependence == Dependence::data) {
    if (auto results = uncomputed_results(call.op, call.schema, call.arguments)) {
      call.results = *std::move(results);
      return;
    }
  }
  for (size_t i = 0; i < call.arguments.size(); ++i)
    if (names_nothing(call.argument_name(i), call.arguments[i]))
      fail("its argument " + call.argument_name(i) + " is a number that stands for nothing");
  if (const auto crash = foreseen_crash(call.op, call.schema, call.arguments)) fail(*crash);
  if (shares_activities()) note_place(name_with_place(call.op, origin()));
  std::vector<IValue> stack = call.arguments;
  if (call.schema.is_vararg()) stack.emplace_back(static_cast<int64_t>(call.node->inputs().size()));
  try {
    run_kernel(call.node, call.schema, call.arguments, stack);
  } catch (const OutOfBudget& exceeded) {
    diagnose(graph::Reason::too_large, exceeded.what());
    throw TraceStopped{};
  } catch (const LackingForm& lacking) {
    diagnose(graph::Reason::unknown_operator, lacking.what(), "leave the argument out");
    throw TraceStopped{};
  } catch (const std::exception& exception) {
    fail(first_line(exception));
  }
  const size_t count = call.node->outputs().size();
  call.results.assign(stack.end() - static_cast<std::ptrdiff_t>(std::min(count, stack.size())), stack.end());
  for (size_t i = 0; i < call.arguments.size(); ++i)
    if (call.writes_to(i) && !call.arguments[i].isTensor()) check_nesting(call.arguments[i]);
  for (const IValue& result : call.results) check_result(call, result);
  if (is_uninitialised(call.op))
    for (const at::Tensor& tensor : tensors_in(call.results))
      if (!tensor.is_quantized()) tensor.zero_();
}

void Interpreter::check_result(const Call& call, const IValue& result) {
  const bool is_given = std::any_of(call.arguments.begin(), call.arguments.end(), [&](const IValue& argument) {
    return argument.isPtrType() && result.isPtrType() && argument.internalToPointer() == result.internalToPointer();
  });
  if (!is_given) spend_on_making(result);
  check_nesting(result);
  constexpr int64_t most = int64_t{1} << 40;  // views have any number of elements without memory for them
  for (const at::Tensor& tensor : tensors_in({result})) {
    if (tensor.layout() != at::kStrided) {
      diagnose(graph::Reason::no_counterpart, "its result is a tensor in a sparse or other layout of its own",
               "use dense tensors");
      throw TraceStopped{};
    }
    if (tensor.numel() <= most) continue;
    diagnose(graph::Reason::too_large, "its result would have " + std::to_string(tensor.numel()) + " elements");
    throw TraceStopped{};
  }
}

/// Whether there is a form of the operator that takes a tensor for this argument.
static bool may_be_tensor(const std::string& op, const std::string& argument) {
  for (const auto& form : jit::getAllOperatorsFor(c10::Symbol::fromQualString(op)))
    for (const c10::Argument& each : form->schema().arguments())
      if (each.name() == argument && each.type()->kind() == c10::TypeKind::TensorType) return true;
  return false;
}

void Interpreter::report_data_dependent_numbers(Call& call) {
  std::string names;
  bool takes_tensor = true;
  for (size_t i = 0; i < call.inputs.size(); ++i) {
    if (scalar_dependence(call.inputs[i].value, call.inputs[i].dependence) != Dependence::data) continue;
    names += (names.empty() ? "'" : ", '") + call.argument_name(i) + "'";
    takes_tensor = takes_tensor && call.inputs[i].value.isScalar() && may_be_tensor(call.op, call.argument_name(i));
  }
  diagnose(graph::Reason::dynamic_shape,
           "its argument " + names + " is a Python number that is computed from the values of a tensor",
           takes_tensor ? graph::way_out::number_as_tensor : way_out_of_number(call.op));
}

void Interpreter::check_determinism(Call& call) {
  const std::string_view flag = random_where_true(call.op);
  const IValue* training = flag.empty() ? nullptr : call.argument(flag);
  // torchvision's attention layers never leave training mode, but drop with a probability of 0: nothing.
  const IValue* probability = call.argument("p");
  const bool drops_nothing = probability != nullptr && probability->isDouble() && probability->toDouble() == 0;
  const bool in_training = training != nullptr && training->isBool() && training->toBool() && !drops_nothing;
  if (in_training || is_random(call.op)) {
    diagnose(graph::Reason::nondeterministic,
             in_training ? "it is in training mode, whatever eval() says, and draws random numbers"
                         : "it draws random numbers",
             in_training ? graph::way_out::training_flag : graph::way_out::random_input);
    call.is_random = true;
    call.dependence = Dependence::data;
  }
  const std::optional<size_t> shaping = shaping_argument(call.op, call.inputs.size());
  const bool shape_is_known = shaping && dependence(call.inputs[*shaping]) != Dependence::data;
  if (call.dependence == Dependence::data && !shape_is_known && is_dynamic(call.op, call.arguments))
    diagnose(graph::Reason::dynamic_shape, "the shape of its result depends on the values of its input",
             way_out_of_dynamic_shape(call.op));
}

// An operator must not change what the model holds: it works on a copy, and the user is told.
void Interpreter::protect_model_tensors(Call& call) {
  const StatisticsWrite* update = statistics_write(call.op);
  if (update != nullptr) {
    const IValue* flag = call.argument(update->flag);
    if (flag == nullptr || !flag->isBool() || !flag->toBool()) update = nullptr;
  }
  bool told = false;
  for (size_t i = 0; i < call.arguments.size(); ++i) {
    IValue& argument = call.arguments[i];
    const std::string name = call.argument_name(i);
    const bool in_training = update != nullptr && (name == update->tensors[0] || name == update->tensors[1]);
    if (!in_training && !call.writes_to(i)) continue;
    if (argument.isTensor()) {
      if (!argument.toTensor().defined() || !tracker_.belongs_to_model(argument.toTensor())) continue;
      argument = argument.toTensor().clone();
      tracker_.add_fresh(argument.toTensor(), Dependence::constant, std::nullopt);
    } else if (!argument.isPtrType() || model_containers_.count(argument.internalToPointer()) == 0) {
      continue;
    }
    if (told) continue;  // a normalisation writes its mean and its variance: one obstacle
    told = true;
    diagnose(graph::Reason::state, "it writes to a parameter, buffer or constant of the model ('" + name + "')",
             in_training ? graph::way_out::eval_mode : graph::way_out::clone);
  }
}

std::optional<TensorId> Interpreter::kept_value(const Call& call, const at::Tensor& result) {
  if (!keeps_values(call.op) || call.is_random || call.arguments.empty() || !call.arguments[0].isTensor())
    return std::nullopt;
  const at::Tensor& source = call.arguments[0].toTensor();
  if (source.sizes() != result.sizes() || source.scalar_type() != result.scalar_type()) return std::nullopt;
  return tracker_.id(source);
}

void Interpreter::track_result(const Call& call, const at::Tensor& result, std::optional<TensorId> id) {
  if (!tracker_.shares_known_storage(result)) return tracker_.add_fresh(result, call.dependence, id);
  for (const at::Tensor& argument : tensors_in(call.arguments)) {
    if (!argument.has_storage() || !argument.is_alias_of(result)) continue;
    View view = classify_view(call.schema, call.arguments, argument, result);
    return tracker_.add_view(result, argument, std::move(view), call.dependence, id);
  }
  tracker_.add_stray(result, call.dependence, id);
}

void Interpreter::emit_results(Call& call) {
  bool needs_node = false;
  for (const at::Tensor& result : tensors_in(call.results)) {
    if (tracker_.knows(result)) continue;
    std::optional<TensorId> id;
    if (call.makes_tensors && call.dependence == Dependence::data) {
      id = result_value(call, result);
      if (!id) {
        id = trace_.add_tensor(result);
        needs_node = true;
      }
    }
    track_result(call, result, id);
  }
  if (!needs_node) return;
  trace::Node node;
  node.op = call.op;
  node.overload = call.tensor_overload.value_or(call.schema.overload_name());
  node.arguments = call.named;
  for (const IValue& result : call.results) node.results.push_back(to_value(result));
  node.origin = trace_.add_origin(origin());
  trace_.add_node(std::move(node));
}

// Where the result is the argument, or the argument's very elements, no operator is needed.
std::optional<TensorId> Interpreter::result_value(const Call& call, const at::Tensor& result) {
  if (const auto kept = kept_value(call, result)) return kept;
  for (const at::Tensor& argument : tensors_in(call.arguments)) {
    if (!argument.has_storage() || !result.has_storage() || !argument.is_alias_of(result)) continue;
    const bool same = argument.sizes() == result.sizes() && argument.strides() == result.strides() &&
                      argument.storage_offset() == result.storage_offset() &&
                      argument.scalar_type() == result.scalar_type();
    if (same) return tracker_.id(argument);
  }
  return std::nullopt;
}

/// Of a container: what it gives was there before.
static bool gives_element(std::string_view op) {
  return op == "aten::__getitem__" || op == "aten::get" || op == "aten::pop" || op == "aten::popitem" ||
         op == "aten::setdefault";
}

void Interpreter::set_call_results(Node* node, Call& call) {
  for (size_t i = 0; i < call.arguments.size(); ++i) {
    if (!call.writes_to(i) || call.arguments[i].isTensor() || !call.arguments[i].isPtrType()) continue;
    const IValue& container = call.arguments[i];
    set_container_dependence(container, join(scalar_dependence(container, Dependence::constant), call.of_numbers));
  }
  for (size_t i = 0; i < call.results.size(); ++i) {
    const IValue& result = call.results[i];
    std::vector<at::Tensor> tensors;
    collect_tensors(result, tensors);
    if (!tensors.empty() && !call.makes_tensors && call.of_numbers == Dependence::data && !result.isList())
      diagnose(graph::Reason::data_dependent_control_flow, "which tensor it takes depends on the values of another",
               graph::way_out::stack_and_select);
    const Dependence of_result = tensors.empty() ? call.dependence : call.of_numbers;
    const bool is_old = result.isPtrType() && containers_.count(result.internalToPointer()) != 0 &&
                        std::any_of(call.arguments.begin(), call.arguments.end(), [&](const IValue& argument) {
                          return argument.isPtrType() && argument.internalToPointer() == result.internalToPointer();
                        });
    const bool is_element = gives_element(call.op) && result.isPtrType() && !is_made_here(result);
    if (!is_old) set_container_dependence(result, of_result);
    if (is_element) made_in_region_.erase(result.internalToPointer());
    set(node->outputs()[i], {result, of_result});
  }
  for (size_t i = call.results.size(); i < node->outputs().size(); ++i) set(node->outputs()[i], {});
}

}  // namespace passerelle::torchscript
