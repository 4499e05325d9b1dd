#include "graph_writer.h"

#include <torch/csrc/jit/runtime/operator.h>

#include "passerelle/support/check.h"
#include "running/trace_values.h"

namespace passerelle::torchscript {

namespace jit = torch::jit;
using c10::IValue;
using c10::TypeKind;
using c10::TypePtr;

namespace {

/// What PyTorch's compiler calls the elements of a container's parameters.
std::string element_name(const std::string& name, const std::string& key) { return name + "." + key; }

bool is_number_type(const TypePtr& type) {
  return type->kind() == TypeKind::IntType || type->kind() == TypeKind::FloatType || type->kind() == TypeKind::BoolType;
}

double number_of(const IValue& value) {
  if (value.isInt()) return static_cast<double>(value.toInt());
  if (value.isBool()) return value.toBool() ? 1 : 0;
  return value.toDouble();
}

/// A view of memory that contiguous() had made: the trace is of values, and has left that step out.
std::string written_op(const Node& node) {
  return node.op == "aten::view" && node.overload.empty() ? "aten::reshape" : node.op;
}

/// The line of the user's program, as LibTorch's messages and profilers show it.
jit::SourceRange place_of(const graph::Origin& origin) {
  const graph::SourceLocation& user = origin.user.file.empty() ? origin.innermost : origin.user;
  if (user.file.empty()) return {};
  const std::string text = origin.op + (origin.module_path.empty() ? "" : " in " + origin.module_path);
  const size_t line = user.line > 0 ? static_cast<size_t>(user.line - 1) : 0;
  return {std::make_shared<jit::Source>(text, user.file, line), 0, text.size()};
}

}  // namespace

GraphWriter::GraphWriter(const SplitModule& split, ModuleBuilder& builder)
    : split_(split), trace_(split.program.trace), builder_(builder), graph_(std::make_shared<jit::Graph>()) {}

std::shared_ptr<jit::Graph> GraphWriter::write() {
  add_parameters();
  for (const SplitStep& step : split_.steps) {
    if (const auto* id = std::get_if<trace::NodeId>(&step)) {
      place_ = place_of(trace_.origins[trace_[*id].origin]);
      write_operator(trace_[*id]);
      place_ = {};
    } else {
      call(split_.parts.at(std::get<size_t>(step)), std::get<size_t>(step));
    }
  }
  const c10::FunctionSchema& schema = split_.program.structure->module.get_method("forward").function().getSchema();
  graph_->registerOutput(returned(split_.program.structure->result, schema.returns().at(0).type()));
  graph_->lint();
  return graph_;
}

jit::Node* GraphWriter::insert(c10::Symbol kind, std::vector<JitValue*> inputs, size_t outputs) {
  jit::Node* node = graph_->create(kind, inputs, outputs);
  if (place_.source()) node->setSourceRange(place_);
  return graph_->insertNode(node);
}

GraphWriter::JitValue* GraphWriter::constant(const IValue& value) {
  JitValue* constant = graph_->insertConstant(value);
  if (place_.source()) constant->node()->setSourceRange(place_);
  return constant;
}

GraphWriter::JitValue* GraphWriter::attribute(const Path& path) {
  const auto known = attributes_.find(path);
  if (known != attributes_.end()) return known->second;
  // At the begin, where every step finds it.
  const jit::WithInsertPoint at_begin(graph_->block()->param_node()->next());
  JitValue* value = self_;
  jit::Module module = builder_.root();
  for (size_t i = 0; i < path.size(); ++i) {
    const TypePtr type = module.type()->getAttribute(path[i]);
    jit::Node* node = graph_->insertNode(graph_->create(c10::prim::GetAttr, {value}));
    node->s_(c10::attr::name, path[i]);
    value = node->output()->setType(type);
    if (i + 1 < path.size()) module = module.attr(path[i]).toModule();
  }
  return attributes_[path] = value;
}

GraphWriter::JitValue* GraphWriter::method_call(JitValue* self, const std::string& name,
                                                std::vector<JitValue*> arguments, const TypePtr& type) {
  arguments.insert(arguments.begin(), self);
  jit::Node* node = insert(c10::prim::CallMethod, std::move(arguments));
  node->s_(c10::attr::name, name);
  return node->output()->setType(type);
}

GraphWriter::JitValue* GraphWriter::tensor(TensorId id) {
  const auto known = tensors_.find(id);
  if (known != tensors_.end()) return known->second;
  const Tensor& description = trace_[id];
  check(description.dependence != Dependence::data, "a tensor is made before a step reads it");
  if (!description.constant)
    throw CannotWrite{"a constant of the model has a type that can't be written: " +
                      std::string(graph::name(description.type))};
  return tensors_[id] = attribute(builder_.place_of(id, description));
}

void GraphWriter::write_operator(const Node& node) {
  // It names places in memory, which need not be where they were.
  if (node.op == "aten::as_strided") throw CannotWrite{"aten::as_strided depends on how its input lies in memory"};
  const std::string name = written_op(node);
  const auto op = jit::findOperatorFor({name, node.overload});
  if (op == nullptr) throw CannotWrite{"LibTorch has no operator " + name + "." + node.overload};
  const c10::FunctionSchema& schema = op->schema();
  check(schema.arguments().size() == node.arguments.size(), "a node has an argument for each of its schema's");
  std::vector<JitValue*> inputs;
  for (size_t i = 0; i < node.arguments.size(); ++i)
    inputs.push_back(argument(node.arguments[i].second, schema.arguments()[i].type()));
  check(node.results.size() <= schema.returns().size(), "a node has no more results than its schema");
  jit::Node* written = insert(c10::Symbol::fromQualString(name), inputs, schema.returns().size());
  for (size_t i = 0; i < schema.returns().size(); ++i) written->output(i)->setType(schema.returns()[i].type());
  const jit::Operator* found = written->maybeOperator();
  if (found == nullptr || found->schema().overload_name() != node.overload)
    throw CannotWrite{"its arguments are not those of " + name + "." + node.overload};
  for (size_t i = 0; i < node.results.size(); ++i) store(node.results[i], written->output(i));
}

void GraphWriter::store(const Value& result, JitValue* value) {
  if (const TensorId* id = result.tensor()) tensors_.emplace(*id, value);
  const std::vector<Value>* elements = result.list();
  if (elements == nullptr) return;
  const bool is_list = value->type()->kind() == TypeKind::ListType;
  jit::Node* unpack = insert(is_list ? c10::prim::ListUnpack : c10::prim::TupleUnpack, {value}, elements->size());
  for (size_t i = 0; i < elements->size(); ++i) {
    unpack->output(i)->setType(is_list ? value->type()->expectRef<c10::ListType>().getElementType()
                                       : value->type()->expectRef<c10::TupleType>().elements()[i]);
    store((*elements)[i], unpack->output(i));
  }
}

void GraphWriter::call(const NnapiPart& part, size_t number) {
  jit::Module module = builder_.add_part(number);
  std::vector<JitValue*> inputs;
  for (const CarriedTensor& port : part.inputs) inputs.push_back(tensor(port.tensor));
  JitValue* given = graph_->insertNode(graph_->createList(c10::TensorType::get(), inputs))->output();
  const std::string name = builder_.name_of_part(number);
  JitValue* results = method_call(attribute({name}), "forward", {given}, c10::ListType::ofTensors());
  jit::Node* unpack = insert(c10::prim::ListUnpack, {results}, part.outputs.size());
  for (size_t i = 0; i < part.outputs.size(); ++i) {
    unpack->output(i)->setType(c10::TensorType::get());
    tensors_.emplace(part.outputs[i].tensor, unpack->output(i));
  }
}

GraphWriter::JitValue* GraphWriter::argument(const Value& value, const TypePtr& type) {
  if (const auto optional = type->cast<c10::OptionalType>())
    if (!value.is_none()) return argument(value, optional->getElementType());
  if (const TensorId* id = value.tensor()) return tensor(*id);
  if (type->kind() == TypeKind::ClassType) {
    const TensorOf constants = [&](TensorId id) { return constant_tensor(trace_[id]); };
    return attribute(builder_.place_of(&value, to_ivalue(value, type, constants)));
  }
  if (const auto list_type = type->cast<c10::ListType>()) {
    const std::vector<Value>* elements = value.list();
    return list(elements != nullptr ? *elements : std::vector<Value>{value}, list_type->getElementType());
  }
  if (type->kind() == TypeKind::DeviceObjType) return constant(c10::Device(std::get<std::string>(value.data)));
  if (const auto* integer = std::get_if<int64_t>(&value.data)) {
    if (type->kind() == TypeKind::FloatType) return constant(static_cast<double>(*integer));
    return constant(*integer);
  }
  if (const auto* real = std::get_if<double>(&value.data)) return constant(*real);
  if (const auto* truth = std::get_if<bool>(&value.data)) return constant(*truth);
  if (const auto* text = std::get_if<std::string>(&value.data)) return constant(*text);
  const bool may_be_none = type->kind() == TypeKind::OptionalType || type->kind() == TypeKind::TensorType;
  if (!value.is_none() || !may_be_none)
    throw CannotWrite{"an argument of type " + type->annotation_str() + " can't be written"};
  return constant(IValue());
}

GraphWriter::JitValue* GraphWriter::list(const std::vector<Value>& elements, const TypePtr& element_type) {
  const bool ints = element_type->kind() == TypeKind::SymIntType;
  const TypePtr type = ints ? TypePtr(c10::IntType::get()) : element_type;
  std::vector<JitValue*> values;
  for (const Value& element : elements) values.push_back(argument(element, type));
  jit::Node* node = insert(c10::prim::ListConstruct, values);
  node->output()->setType(c10::ListType::create(type));
  return node->output();
}

// --- What forward takes

void GraphWriter::add_parameters() {
  const Program::Structure& structure = *split_.program.structure;
  const c10::FunctionSchema& schema = structure.module.get_method("forward").function().getSchema();
  self_ = graph_->addInput("self")->setType(builder_.root().type());
  std::vector<JitValue*> parameters;
  for (size_t i = 1; i < schema.arguments().size(); ++i)
    parameters.push_back(graph_->addInput(schema.arguments()[i].name())->setType(schema.arguments()[i].type()));
  for (size_t i = 0; i < parameters.size(); ++i)
    take(parameters[i], schema.arguments()[i + 1].type(), structure.arguments.values.at(i),
         schema.arguments()[i + 1].name());
}

void GraphWriter::take(JitValue* value, const TypePtr& type, const IValue& example, const std::string& name) {
  if (example.isTensor()) {
    if (type->kind() == TypeKind::OptionalType)
      value = insert(c10::prim::unchecked_cast, {value})->output()->setType(c10::TensorType::get());
    return expect_tensor(value, name);
  }
  if (const auto optional = type->cast<c10::OptionalType>()) {
    JitValue* none = constant(IValue());
    JitValue* is_none = insert(c10::aten::__is__, {value, none})->output()->setType(c10::BoolType::get());
    expect_number(is_none, example.isNone() ? 1 : 0, "whether " + name + " is None");
    if (example.isNone()) return;
    value = insert(c10::prim::unchecked_cast, {value})->output()->setType(optional->getElementType());
    return take(value, optional->getElementType(), example, name);
  }
  if (is_number_type(type)) return expect_number(value, number_of(example), name);
  if (example.isTuple() || example.isList() || example.isGenericDict())
    return take_elements(value, type, example, name);
  throw CannotWrite{"the parameter '" + name + "' of type " + type->annotation_str() + " can't be checked"};
}

void GraphWriter::take_elements(JitValue* value, const TypePtr& type, const IValue& example, const std::string& name) {
  if (example.isTuple()) {
    const auto tuple = type->expect<c10::TupleType>();
    jit::Node* unpack = insert(c10::prim::TupleUnpack, {value}, tuple->elements().size());
    const auto schema = tuple->schema();
    for (size_t i = 0; i < tuple->elements().size(); ++i) {
      unpack->output(i)->setType(tuple->elements()[i]);
      take(unpack->output(i), tuple->elements()[i], example.toTupleRef().elements()[i],
           element_name(name, schema ? schema->arguments()[i].name() : std::to_string(i)));
    }
    return;
  }
  JitValue* length = insert(c10::aten::len, {value})->output()->setType(c10::IntType::get());
  const auto get = [&](const IValue& key, const TypePtr& element) {
    return insert(c10::aten::__getitem__, {value, constant(key)})->output()->setType(element);
  };
  if (example.isGenericDict()) {
    const auto dict = example.toGenericDict();
    expect_number(length, static_cast<double>(dict.size()), "the length of " + name);
    const TypePtr element = type->expectRef<c10::DictType>().getValueType();
    for (const auto& entry : dict)
      take(get(entry.key(), element), element, entry.value(), element_name(name, entry.key().toStringRef()));
    return;
  }
  const auto elements = example.toListRef();
  expect_number(length, static_cast<double>(elements.size()), "the length of " + name);
  const TypePtr element = type->expectRef<c10::ListType>().getElementType();
  for (size_t i = 0; i < elements.size(); ++i)
    take(get(static_cast<int64_t>(i), element), element, elements[i], element_name(name, std::to_string(i)));
}

void GraphWriter::expect_tensor(JitValue* value, const std::string& name) {
  const TensorId id = trace_.inputs.at(next_input_).tensor;
  const at::Tensor& example = split_.program.structure->arguments.inputs.at(next_input_++).tensor;
  JitValue* shape = list(
      [&] {
        std::vector<Value> sizes;
        for (int64_t size : example.sizes()) sizes.push_back({size});
        return sizes;
      }(),
      c10::IntType::get());
  JitValue* type = constant(static_cast<int64_t>(example.scalar_type()));
  tensors_.emplace(id,
                   method_call(self_, "_expect_tensor", {value, shape, type, constant(name)}, c10::TensorType::get()));
}

void GraphWriter::expect_number(JitValue* value, double wanted, const std::string& name) {
  JitValue* number = value;
  if (value->type()->kind() != TypeKind::FloatType)
    number = insert(c10::aten::Float, {value})->output()->setType(c10::FloatType::get());
  method_call(self_, "_expect_number", {number, constant(wanted), constant(name)}, c10::FloatType::get());
}

// --- What it returns

GraphWriter::JitValue* GraphWriter::returned(const IValue& value, const TypePtr& declared) {
  const auto optional = declared->cast<c10::OptionalType>();
  const TypePtr type = optional && !value.isNone() ? optional->getElementType() : declared;
  if (value.isTensor()) return tensor(trace_.outputs.at(next_output_++).tensor);
  if (value.isInt() || value.isDouble() || value.isBool()) ++next_output_;
  if (value.isInt() || value.isDouble() || value.isBool() || value.isString()) return constant(value);
  if (value.isNone()) return constant(IValue());
  std::vector<JitValue*> elements;
  if (value.isTuple()) {
    const auto tuple = type->cast<c10::TupleType>();
    for (size_t i = 0; i < value.toTupleRef().elements().size(); ++i) {
      const IValue& element = value.toTupleRef().elements()[i];
      elements.push_back(returned(element, tuple ? tuple->elements()[i] : element.type()));
    }
    jit::Node* node = insert(c10::prim::TupleConstruct, elements);
    if (tuple && tuple->name()) node->output()->setType(tuple);
    if (!tuple || !tuple->name())
      node->output()->setType(c10::TupleType::create([&] {
        std::vector<TypePtr> types;
        for (const JitValue* element : elements) types.push_back(element->type());
        return types;
      }()));
    return node->output();
  }
  if (value.isList()) {
    const TypePtr element_type = value.toList().elementType();
    for (const IValue& element : value.toListRef()) elements.push_back(returned(element, element_type));
    JitValue* made = insert(c10::prim::ListConstruct, elements)->output();
    return made->setType(c10::ListType::create(element_type));
  }
  if (!value.isGenericDict())
    throw CannotWrite{"forward returns a value of type " + declared->annotation_str() + ", which can't be written"};
  const auto dict = value.toGenericDict();
  for (const auto& entry : dict) {
    elements.push_back(constant(entry.key()));
    elements.push_back(returned(entry.value(), dict.valueType()));
  }
  JitValue* made = insert(c10::prim::DictConstruct, elements)->output();
  return made->setType(c10::DictType::create(dict.keyType(), dict.valueType()));
}

}  // namespace passerelle::torchscript
