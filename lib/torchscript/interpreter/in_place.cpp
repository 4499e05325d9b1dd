// Operators that write to their arguments, in functional form.
#include "call.h"
#include "failures.h"
#include "operator_rules.h"
#include "running/tensor_conversion.h"

namespace passerelle::torchscript {

namespace jit = torch::jit;
using c10::IValue;

namespace {

/// "aten::add_" → "aten::add", "aten::__iand__" → "aten::__and__".
std::string without_underscore(const std::string& op) {
  const size_t in_place_magic = op.find("::__i");
  if (in_place_magic != op.npos) return op.substr(0, in_place_magic) + "::__" + op.substr(in_place_magic + 5);
  return op.back() == '_' ? op.substr(0, op.size() - 1) : op;
}

struct Functional {
  std::string op;
  std::string overload;
};

using Parameters = std::vector<const c10::Argument*>;

/// An overload of `op` that takes these, by name and type, and writes to none of them. Names alone don't tell
/// pow(Tensor self, Scalar exponent) from pow(Scalar self, Tensor exponent).
std::optional<Functional> form_with(const std::string& op, const Parameters& parameters) {
  for (const auto& candidate : jit::getAllOperatorsFor(c10::Symbol::fromQualString(op))) {
    const auto& arguments = candidate->schema().arguments();
    if (candidate->schema().is_mutable() || arguments.size() != parameters.size()) continue;
    bool equal = true;
    for (size_t i = 0; i < parameters.size(); ++i)
      equal = equal && arguments[i].name() == parameters[i]->name() && *arguments[i].type() == *parameters[i]->type();
    if (equal) return Functional{op, candidate->schema().overload_name()};
  }
  return std::nullopt;
}

std::optional<Functional> functional_form(const c10::FunctionSchema& schema) {
  const std::string op = without_underscore(schema.name());
  Parameters parameters;
  for (const c10::Argument& argument : schema.arguments()) {
    const bool written = argument.alias_info() != nullptr && argument.alias_info()->isWrite();
    if (!written || op != schema.name()) parameters.push_back(&argument);
  }
  return form_with(op, parameters);
}

/// Whether the functional form may have another dtype than the tensor that is written to.
bool may_promote(const std::vector<IValue>& arguments, const at::Tensor& written, const std::string& op) {
  for (const char* to_bool : {"::eq_", "::ne_", "::lt_", "::le_", "::gt_", "::ge_", "::logical_"})
    if (op.find(to_bool) != op.npos) return true;
  for (const IValue& argument : arguments)
    if (argument.isTensor() && argument.toTensor().defined() &&
        argument.toTensor().scalar_type() != written.scalar_type())
      return true;
  return false;
}

Value shape_value(const at::Tensor& tensor) {
  std::vector<Value> sizes;
  for (int64_t size : tensor.sizes()) sizes.push_back({size});
  return {std::move(sizes)};
}

trace::Node to_dtype(TensorId tensor, at::ScalarType type) {
  trace::Node node;
  node.op = "aten::to";
  node.overload = "dtype";
  node.arguments = {{"self", {tensor}},
                    {"dtype", {static_cast<int64_t>(type)}},
                    {"non_blocking", {false}},
                    {"copy", {false}},
                    {"memory_format", {Value::None{}}}};
  return node;
}

struct Geometry {
  std::vector<int64_t> sizes, strides;
  explicit Geometry(const at::Tensor& tensor) : sizes(tensor.sizes().vec()), strides(tensor.strides().vec()) {}
  bool operator!=(const Geometry& other) const { return sizes != other.sizes || strides != other.strides; }
};

}  // namespace

TensorId Interpreter::emit_node(trace::Node node, Tensor result) {
  const TensorId id = trace_.add_tensor(std::move(result));
  node.results = {{id}};
  node.origin = trace_.add_origin(origin());
  trace_.add_node(std::move(node));
  return id;
}

void Interpreter::run_in_place(Call& call) {
  const bool writes_nothing =
      call.op == "aten::requires_grad_" || (call.op.find("dropout_") != call.op.npos && !call.is_random);
  if (writes_nothing) {
    call.results = {call.arguments[0]};
    return;
  }
  std::vector<std::pair<size_t, at::Tensor>> written;
  for (size_t i = 0; i < call.arguments.size(); ++i)
    if (call.writes_to(i) && call.arguments[i].isTensor() && call.arguments[i].toTensor().defined())
      written.emplace_back(i, call.arguments[i].toTensor());
  for (const char* reshaping : {"aten::unsqueeze_", "aten::squeeze_", "aten::transpose_", "aten::t_", "aten::swapaxes_",
                                "aten::swapdims_", "aten::as_strided_", "aten::detach_"})
    if (call.op == reshaping) return change_shape_in_place(call, written.front().second);

  if (call.dependence == Dependence::data) name_arguments(call);
  std::optional<at::ScalarType> promoted = promoted_type(call, written.front().second);
  for (const auto& [index, tensor] : written) tracker_.before_write(tensor, call.dependence);
  const Geometry before(written.front().second);
  invoke(call);
  if (before != Geometry(written.front().second)) fail("it resizes a tensor in place, which can't be followed");
  for (const auto& [index, tensor] : written) {
    std::optional<TensorId> id;
    Dependence after = call.dependence;
    if (call.dependence == Dependence::data) {
      id = emit_functional(call, tensor, index, promoted);
      if (!id) after = Dependence::constant;
    }
    tracker_.after_write(tensor, after, id);
  }
  emit_results(call);
}

// The functional form is run once on a copy, where only that tells its dtype.
std::optional<at::ScalarType> Interpreter::promoted_type(const Call& call, const at::Tensor& written) {
  if (call.dependence != Dependence::data || call.op == "aten::copy_" || written.is_quantized() ||
      !may_promote(call.arguments, written, call.op))
    return std::nullopt;
  const auto form = functional_form(call.schema);
  if (!form) return std::nullopt;
  std::vector<IValue> stack = call.arguments;
  try {
    jit::findOperatorFor({form->op, form->overload})->getOperation()(stack);
  } catch (const std::exception&) {
    return std::nullopt;  // the operator itself will say what is wrong
  }
  if (stack.empty() || !stack.back().isTensor()) return std::nullopt;
  return stack.back().toTensor().scalar_type();
}

std::optional<TensorId> Interpreter::emit_functional(Call& call, const at::Tensor& written, size_t index,
                                                     std::optional<at::ScalarType> promoted) {
  if (call.op == "aten::copy_" && call.schema.overload_name().empty() && !written.is_quantized())
    return emit_copy(call, written);
  const auto form = functional_form(call.schema);
  if (!form) {
    diagnose(graph::Reason::in_place_write,
             "it writes to its argument '" + call.argument_name(index) + "' and has no form that returns a new tensor",
             "use an operator that returns its result");
    return std::nullopt;
  }
  // Dropout in evaluation mode writes what was there.
  if (const TensorId* same = call.named[index].second.tensor(); same && keeps_values(form->op)) return *same;
  trace::Node node;
  node.op = form->op;
  node.overload = call.tensor_overload && jit::findOperatorFor({form->op, *call.tensor_overload})
                      ? *call.tensor_overload
                      : form->overload;
  const bool by_flag = call.is_in_place_by_flag(), is_out = form->op == call.op && !by_flag;
  for (size_t i = 0; i < call.named.size(); ++i)
    if (!is_out || !call.writes_to(i)) node.arguments.push_back(call.named[i]);
  for (auto& [name, value] : node.arguments)
    if (by_flag && name == in_place_where_true(call.op)) value = {false};
  Tensor result = describe(written);
  if (!promoted || *promoted == written.scalar_type()) return emit_node(std::move(node), std::move(result));
  Tensor wide = result;
  wide.type = element_type(*promoted);
  return emit_node(to_dtype(emit_node(std::move(node), std::move(wide)), written.scalar_type()), std::move(result));
}

TensorId Interpreter::emit_copy(Call& call, const at::Tensor& written) {
  const at::Tensor& source = call.arguments[1].toTensor();
  TensorId id = std::get<TensorId>(call.named[1].second.data);
  if (source.sizes() != written.sizes()) {
    trace::Node node;
    node.op = "aten::expand";
    node.arguments = {{"self", {id}}, {"size", shape_value(written)}, {"implicit", {false}}};
    Tensor result = describe(source);
    result.shape = written.sizes().vec();
    id = emit_node(std::move(node), std::move(result));
  }
  if (source.scalar_type() != written.scalar_type())
    id = emit_node(to_dtype(id, written.scalar_type()), describe(written));
  return id;
}

// unsqueeze_ and the like write nothing: the tensor becomes a view of what it was.
void Interpreter::change_shape_in_place(Call& call, const at::Tensor& changed) {
  const at::Tensor before = changed.alias();
  tracker_.rename(changed, before);
  std::vector<IValue> arguments = call.arguments;
  arguments[0] = before;
  std::optional<TensorId> id;
  if (call.dependence == Dependence::data) {
    call.arguments.swap(arguments);
    name_arguments(call);
    call.arguments.swap(arguments);
  }
  invoke(call);
  const auto form = functional_form(call.schema);
  const bool same = before.sizes() == changed.sizes() && before.strides() == changed.strides();
  if (call.dependence == Dependence::data) {
    if (same) {
      id = tracker_.id(before);
    } else if (form) {
      trace::Node node;
      node.op = form->op;
      node.overload = form->overload;
      node.arguments = call.named;
      id = emit_node(std::move(node), describe(changed));
    } else {
      fail("it changes a tensor's shape in place, which can't be followed");
    }
  }
  View view;
  if (same) {
    view.kind = View::Kind::same;
  } else if (form) {
    const auto schema = jit::findOperatorFor({form->op, form->overload});
    view = classify_view(schema->schema(), arguments, before, changed);
  }
  tracker_.add_view(changed, before, std::move(view), call.dependence, id);
}

}  // namespace passerelle::torchscript
