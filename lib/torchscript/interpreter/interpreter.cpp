#include "interpreter.h"

#include <torch/csrc/jit/api/function_impl.h>

#include "allowed_operators.h"
#include "failures.h"
#include "origins.h"
#include "passerelle/support/check.h"
#include "running/flatten.h"
#include "running/memory_budget.h"
#include "running/tensor_conversion.h"

namespace passerelle::torchscript {

namespace jit = torch::jit;

namespace {

constexpr size_t deepest_call = 256;
constexpr uint64_t most_traced = 100'000;   // operators that depend on the inputs' data
constexpr uint64_t most_made = 50'000'000;  // elements of containers; 16 characters of a string are one

/// The node of `block` that holds `user`, however deep.
const jit::Node* holder_in(const jit::Block* block, const jit::Node* user) {
  while (user->owningBlock() != block) user = user->owningBlock()->owningNode();
  return user;
}

void note_last_read(const jit::Block* block, const jit::Node* made_by, const jit::Value* value,
                    std::unordered_map<const jit::Node*, std::vector<const jit::Value*>>& last_reads) {
  const jit::Node* last = made_by;
  for (const jit::Use& use : value->uses()) {
    const jit::Node* user = holder_in(block, use.user);
    if (user == block->return_node()) return;
    if (last == nullptr || last->isBefore(user)) last = user;
  }
  if (last != nullptr) last_reads[last].push_back(value);
}

void analyse(const jit::Block* block,
             std::unordered_map<const jit::Node*, std::vector<const jit::Value*>>& last_reads) {
  for (const jit::Value* value : block->inputs()) note_last_read(block, nullptr, value, last_reads);
  for (const jit::Node* node : block->nodes()) {
    for (const jit::Value* value : node->outputs()) note_last_read(block, node, value, last_reads);
    for (const jit::Block* inner : node->blocks()) analyse(inner, last_reads);
  }
}

}  // namespace

Interpreter::Interpreter(const jit::Module& module, const Budget& budget, Values values)
    : module_(module), budget_(budget), values_(values), tracker_(trace_, [this] { return origin(); }) {
  remember_objects(module._ivalue(), "");
}

void Interpreter::remember_objects(const c10::IValue& value, const std::string& path) {
  if (!value.isObject()) return;
  const c10::intrusive_ptr<c10::ivalue::Object> object = value.toObject();
  if (!module_paths_.emplace(object.get(), path).second) return;
  const auto type = object->type();
  for (size_t i = 0; i < type->numAttributes(); ++i)
    remember_objects(object->getSlot(i),
                     path.empty() ? type->getAttributeName(i) : path + "." + type->getAttributeName(i));
}

void Interpreter::run(const Arguments& arguments) {
  for (const FlatInput& input : arguments.inputs) {
    const TensorId id = trace_.add_tensor(input.tensor);
    trace_.add_input({input.name, id, input.channels_last});
    tracker_.add_input(input.tensor, id);
  }
  std::vector<Slot> slots{{module_._ivalue()}};
  for (const c10::IValue& value : arguments.values) {
    set_container_dependence(value, Dependence::constant);
    slots.push_back({value});
  }
  const MemoryBudget budget(budget_.bytes, [this] { return tracker_.living_bytes(); });
  try {
    const std::vector<Slot> results = call(module_.get_method("forward").function(), std::move(slots), "");
    check(results.size() == 1, "forward returns one value");
    add_outputs(results.front());
  } catch (const TraceStopped&) {
    frame_ = nullptr;
    node_ = nullptr;
    check(trace_.has_diagnostics(), "tracing stops with a diagnostic");
  }
}

c10::IValue Interpreter::call_without_arguments(const std::string& method) {
  const MemoryBudget budget(budget_.bytes, [this] { return tracker_.living_bytes(); });
  try {
    std::vector<Slot> results = call(module_.get_method(method).function(), {{module_._ivalue()}}, "");
    if (!results.front().unknown) return results.front().value;
  } catch (const TraceStopped&) {
    frame_ = nullptr;
    node_ = nullptr;
  }
  return {};
}

void Interpreter::add_outputs(const Slot& result) {
  if (result.unknown) return;
  if (scalar_dependence(result.value, result.dependence) == Dependence::data)
    diagnose(graph::Reason::dynamic_shape, "forward returns a Python number that is computed from the data",
             "return the tensor that holds it");
  result_ = result.value;
  size_t number = 0;
  for (const at::Tensor& tensor : flat_tensors(result.value)) {
    if (!tensor.defined()) {
      diagnose(graph::Reason::no_counterpart, "forward returns a tensor that no operator has made",
               "leave it out of what forward returns");
      continue;
    }
    trace_.add_output({"output" + std::to_string(number++), tracker_.id(tensor), false});
  }
  if (number == 0 && !trace_.has_diagnostics())
    diagnose(graph::Reason::no_counterpart, "forward returns no tensor", "return what is to be computed");
}

std::vector<Slot> Interpreter::call(jit::Function& function, std::vector<Slot> arguments,
                                    const std::string& module_path) {
  jit::GraphFunction* graph_function = jit::tryToGraphFunction(function);
  if (graph_function == nullptr) {
    diagnose(graph::Reason::unknown_operator, "it calls " + function.qualname().qualifiedName() +
                                                  ", which is built into LibTorch and not on the list of what may run");
    throw TraceStopped{};
  }
  return call_graph(*graph_function->graph(), std::move(arguments), module_path);
}

std::vector<Slot> Interpreter::call_graph(const jit::Graph& graph, std::vector<Slot> arguments,
                                          const std::string& module_path) {
  check(arguments.size() == graph.inputs().size(), "a call gives a value for each parameter");
  if (analysed_.emplace(&graph, true).second) analyse(graph.block(), last_reads_);
  Frame frame;
  frame.caller = frame_;
  frame.call = node_;
  frame.module_path = module_path;
  frame.depth = frame_ == nullptr ? 0 : frame_->depth + 1;
  if (frame.depth > deepest_call) {
    diagnose(graph::Reason::too_large, "functions call each other more than " + std::to_string(deepest_call) + " deep");
    throw TraceStopped{};
  }
  for (size_t i = 0; i < arguments.size(); ++i) frame.values[graph.inputs()[i]] = std::move(arguments[i]);
  const Node* const calling = node_;
  frame_ = &frame;
  run_block(graph.block());
  std::vector<Slot> results;
  for (const jit::Value* output : graph.outputs()) results.push_back(slot(output));
  frame_ = const_cast<Frame*>(frame.caller);
  node_ = calling;
  return results;
}

void Interpreter::run_block(const jit::Block* block) {
  for (const jit::Node* node : block->nodes()) {
    run_node(const_cast<Node*>(node));
    const auto dead = last_reads_.find(node);
    if (dead == last_reads_.end()) continue;
    for (const jit::Value* value : dead->second) frame_->values.erase(value);
  }
}

void Interpreter::run_node(Node* node) {
  node_ = node;
  spend(1);
  const auto handler = handlers().find(node->kind());
  if (handler != handlers().end()) {
    (this->*handler->second)(node);
  } else {
    run_operator(node);
  }
}

void Interpreter::spend(uint64_t steps) {
  steps_ += steps;
  if (steps_ > budget_.nodes)
    stop_beyond(budget_.nodes, "operators would have to be run, loop iterations and long lists included");
  if (trace_.node_count() > most_traced) stop_beyond(most_traced, "operators would have to be converted");
}

/// Walking through a container is quick, but is done again and again.
void Interpreter::spend_on_elements(uint64_t elements) {
  constexpr uint64_t a_step = 128;
  elements_ += elements;
  spend(elements_ / a_step);
  elements_ %= a_step;
}

void Interpreter::spend_on_making(const c10::IValue& value) {
  if (value.isString()) made_ += value.toStringRef().size() / sizeof(c10::IValue);
  if (value.isList()) made_ += value.toList().size();
  if (value.isTuple()) made_ += value.toTupleRef().elements().size();
  if (value.isGenericDict()) made_ += 4 * value.toGenericDict().size();
  if (made_ > most_made) stop_beyond(most_made, "elements of lists, tuples, dicts and strings would have to be made");
}

void Interpreter::stop_beyond(uint64_t most, const char* of_what) {
  diagnose(graph::Reason::too_large, "more than " + std::to_string(most) + " " + of_what);
  throw TraceStopped{};
}

Slot& Interpreter::slot(const jit::Value* value) {
  const auto found = frame_->values.find(value);
  check(found != frame_->values.end(), "a value of the graph is made before it is read");
  return found->second;
}

std::vector<Slot> Interpreter::inputs_of(Node* node) {
  std::vector<Slot> slots;
  for (const jit::Value* input : node->inputs()) slots.push_back(slot(input));
  return slots;
}

void Interpreter::set_results(Node* node, std::vector<Slot> results) {
  check(results.size() == node->outputs().size(), "a call returns what its node wants");
  for (size_t i = 0; i < results.size(); ++i) set(node->outputs()[i], std::move(results[i]));
}

void Interpreter::set_unknown(Node* node) {
  for (const jit::Value* output : node->outputs()) set(output, {{}, Dependence::data, true});
}

graph::Origin Interpreter::origin() const {
  if (node_ == nullptr) return {};
  // LibTorch's compiler gives a SetAttr no place in the source; the value that it stores has one.
  std::vector<const Node*> nodes{node_->kind() == c10::prim::SetAttr ? node_->inputs()[1]->node() : node_};
  for (const Frame* frame = frame_; frame != nullptr; frame = frame->caller)
    if (frame->call != nullptr) nodes.push_back(frame->call);
  return make_origin(node_->kind().toQualString(), frame_ == nullptr ? "" : frame_->module_path, nodes);
}

void Interpreter::fail(std::string what) const { throw ModelThrew{std::move(what), origin()}; }

void Interpreter::diagnose(graph::Reason reason, std::string message, std::string suggestion) {
  graph::Diagnostic diagnostic;
  diagnostic.reason = reason;
  diagnostic.message = std::move(message);
  diagnostic.suggestion = std::move(suggestion);
  diagnostic.origin = origin();
  diagnostic.op = diagnostic.origin.op;
  trace_.add_diagnostic(std::move(diagnostic));
}

const std::unordered_map<c10::Symbol, Interpreter::Handler>& Interpreter::handlers() {
  static const std::unordered_map<c10::Symbol, Handler> table = {
      {c10::prim::Constant, &Interpreter::run_constant},
      {c10::prim::If, &Interpreter::run_if},
      {c10::prim::Loop, &Interpreter::run_loop},
      {c10::prim::CallMethod, &Interpreter::run_call_method},
      {c10::prim::CallFunction, &Interpreter::run_call_function},
      {c10::prim::fork, &Interpreter::run_fork},
      {c10::aten::wait, &Interpreter::run_pass_through},
      {c10::prim::RaiseException, &Interpreter::run_raise},
      {c10::prim::Enter, &Interpreter::run_enter},
      {c10::prim::Exit, &Interpreter::run_exit},
      {c10::prim::ListConstruct, &Interpreter::run_list_construct},
      {c10::prim::TupleConstruct, &Interpreter::run_tuple_construct},
      {c10::prim::DictConstruct, &Interpreter::run_dict_construct},
      {c10::prim::ListUnpack, &Interpreter::run_list_unpack},
      {c10::prim::TupleUnpack, &Interpreter::run_tuple_unpack},
      {c10::prim::TupleSlice, &Interpreter::run_tuple_slice},
      {c10::prim::CreateObject, &Interpreter::run_create_object},
      {c10::prim::GetAttr, &Interpreter::run_get_attribute},
      {c10::prim::SetAttr, &Interpreter::run_set_attribute},
      {c10::prim::isinstance, &Interpreter::run_isinstance},
      {c10::prim::unchecked_cast, &Interpreter::run_pass_through},
      {c10::prim::Uninitialized, &Interpreter::run_uninitialized},
  };
  return table;
}

}  // namespace passerelle::torchscript
