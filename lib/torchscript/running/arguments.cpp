#include "arguments.h"

#include <cstdlib>
#include <set>

#include "example_values.h"
#include "interpreter/failures.h"
#include "interpreter/interpreter.h"
#include "passerelle/support/check.h"
#include "tensor_conversion.h"

namespace passerelle::torchscript {
namespace {

namespace jit = torch::jit;
using c10::IValue;
using c10::TypeKind;
using c10::TypePtr;

/// Ends in an Error of kind `usage`.
struct WrongUsage {
  std::string message;
};

bool is_number(const InputSpec& spec) { return !std::holds_alternative<std::monostate>(spec.number); }

bool is_number_type(const TypePtr& type) {
  return type->kind() == TypeKind::IntType || type->kind() == TypeKind::FloatType ||
         type->kind() == TypeKind::BoolType || type->kind() == TypeKind::NumberType;
}

std::string article(size_t count, const char* noun) {
  return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

/// Tensors that a value of this type holds at least.
size_t least_tensors(const TypePtr& type) {
  if (type->kind() == TypeKind::TensorType) return 1;
  size_t count = 0;
  if (const auto tuple = type->cast<c10::TupleType>())
    for (const TypePtr& element : tuple->elements()) count += least_tensors(element);
  return count;
}

/// Names of the tensors and numbers that forward takes, for messages: "x, mask.0, k (int)".
void add_names(const TypePtr& type, const std::string& name, bool optional, std::vector<std::string>& names) {
  if (const auto inner = type->cast<c10::OptionalType>()) return add_names(inner->getElementType(), name, true, names);
  if (const auto tuple = type->cast<c10::TupleType>()) {
    const auto schema = tuple->schema();
    for (size_t i = 0; i < tuple->elements().size(); ++i)
      add_names(tuple->elements()[i], name + "." + (schema ? schema->arguments()[i].name() : std::to_string(i)),
                optional, names);
    return;
  }
  std::string text = name;
  if (type->kind() != TypeKind::TensorType) text += ": " + type->annotation_str();
  if (optional) text += " (optional)";
  names.push_back(std::move(text));
}

class ArgumentMaker {
 public:
  ArgumentMaker(const c10::FunctionSchema& schema, const std::vector<InputSpec>& specs,
                const std::vector<graph::HostTensor>* given)
      : schema_(schema), given_(given) {
    for (const InputSpec& spec : specs) {
      if (!spec.name.empty()) {
        if (!named_.emplace(spec.name, &spec).second) throw WrongUsage{"the input '" + spec.name + "' is given twice"};
      } else {
        (is_number(spec) ? numbers_ : tensors_).push_back(&spec);
      }
    }
  }

  Arguments make() {
    const auto& parameters = schema_.arguments();
    refuse_unknown_names();
    const auto needed = [&](size_t i) {
      return parameters[i].default_value() ? size_t{0} : least_tensors(parameters[i].type());
    };
    for (size_t i = 1; i < parameters.size(); ++i) needed_later_ += needed(i);
    for (size_t i = 1; i < parameters.size(); ++i) {
      needed_later_ -= needed(i);
      arguments_.values.push_back(make(parameters[i].type(), parameters[i].name(), parameters[i].default_value()));
    }
    refuse_what_is_left();
    if (given_ != nullptr && given_->size() != arguments_.inputs.size())
      throw WrongUsage{article(given_->size(), "tensor") + " were given, but the model takes " +
                       article(arguments_.inputs.size(), "tensor")};
    return std::move(arguments_);
  }

  std::string expected() const {
    std::vector<std::string> names;
    for (size_t i = 1; i < schema_.arguments().size(); ++i) {
      const c10::Argument& parameter = schema_.arguments()[i];
      add_names(parameter.type(), parameter.name(), parameter.default_value().has_value(), names);
    }
    if (names.empty()) return "the model takes no inputs";
    std::string text = "the model takes " + article(names.size(), "input") + " (";
    for (size_t i = 0; i < names.size(); ++i) text += (i > 0 ? ", " : "") + names[i];
    return text + ")";
  }

 private:
  IValue make(const TypePtr& type, const std::string& name, const c10::optional<IValue>& otherwise) {
    if (type->kind() == TypeKind::TensorType) return make_tensor(name, otherwise);
    if (is_number_type(type)) return make_number(type, name, otherwise);
    if (const auto optional = type->cast<c10::OptionalType>()) return make_optional(*optional, name, otherwise);
    if (const auto tuple = type->cast<c10::TupleType>()) return make_tuple(tuple, name);
    if (const auto list = type->cast<c10::ListType>()) return make_list(*list, name, otherwise);
    if (const auto dict = type->cast<c10::DictType>()) return make_dict(*dict, name, otherwise);
    if (otherwise) return *otherwise;
    throw WrongUsage{
        "the parameter '" + name + "' is of type " + type->annotation_str() +
        ", which can't be given: give it a default value in the model, or wrap the model in one without it"};
  }

  const InputSpec* take(const std::string& name, std::vector<const InputSpec*>& by_position, size_t& next) {
    const auto found = named_.find(name);
    if (found != named_.end()) {
      const InputSpec* spec = found->second;
      named_.erase(found);
      return spec;
    }
    return next < by_position.size() ? by_position[next++] : nullptr;
  }

  bool takes_numbers() const {
    return std::any_of(schema_.arguments().begin(), schema_.arguments().end(), [](const c10::Argument& parameter) {
      const auto optional = parameter.type()->cast<c10::OptionalType>();
      return is_number_type(optional ? optional->getElementType() : parameter.type());
    });
  }

  static WrongUsage number_for_tensor(const std::string& name) {
    return {"the input '" + name +
            "' is a tensor, and a Python number was given for it: give its shape (scalar for rank 0), or a .npy file"};
  }

  IValue make_tensor(const std::string& name, const c10::optional<IValue>& otherwise) {
    const InputSpec* spec = take(name, tensors_, next_tensor_);
    if (spec == nullptr) {
      if (otherwise) return *otherwise;
      if (next_number_ < numbers_.size() && !takes_numbers()) throw number_for_tensor(name);
      throw WrongUsage{"no input is given for '" + name + "': " + expected() +
                       "; give --input SHAPE for each, for example --input 1x3x224x224"};
    }
    if (is_number(*spec)) throw number_for_tensor(name);
    const size_t index = arguments_.inputs.size();
    FlatInput input{name, {}, spec->channels_last};
    if (given_ != nullptr && index < given_->size()) {
      input.tensor = libtorch_tensor((*given_)[index]);
    } else {
      Expected<at::Tensor> tensor = example_tensor(*spec, name, index);
      if (!tensor) throw WrongUsage{tensor.error().message};
      input.tensor = *std::move(tensor);
    }
    if (spec->channels_last && input.tensor.dim() != 4)
      throw WrongUsage{"the input '" + name + "' has rank " + std::to_string(input.tensor.dim()) +
                       ": nhwc is for tensors of rank 4"};
    arguments_.inputs.push_back(input);
    return input.tensor;
  }

  IValue make_number(const TypePtr& type, const std::string& name, const c10::optional<IValue>& otherwise) {
    const InputSpec* spec = take(name, numbers_, next_number_);
    if (spec == nullptr) {
      if (otherwise) return *otherwise;
      throw WrongUsage{"no value is given for '" + name + "', a Python " + type->annotation_str() + ": give --input " +
                       name + "=" + type->annotation_str() + "=VALUE"};
    }
    const int64_t* integer = std::get_if<int64_t>(&spec->number);
    const double* real = std::get_if<double>(&spec->number);
    const bool* truth = std::get_if<bool>(&spec->number);
    const TypeKind kind = type->kind();
    if (kind == TypeKind::FloatType && integer != nullptr) return static_cast<double>(*integer);
    if (real != nullptr && (kind == TypeKind::FloatType || kind == TypeKind::NumberType)) return *real;
    if (integer != nullptr && (kind == TypeKind::IntType || kind == TypeKind::NumberType)) return *integer;
    if (truth != nullptr && kind == TypeKind::BoolType) return *truth;
    throw WrongUsage{"'" + name + "' is a Python " + type->annotation_str() + ": give --input " + name + "=" +
                     type->annotation_str() + "=VALUE"};
  }

  IValue make_optional(const c10::OptionalType& type, const std::string& name, const c10::optional<IValue>& otherwise) {
    const TypePtr inner = type.getElementType();
    const bool by_name = named_.lower_bound(name) != named_.end() && is_part(named_.lower_bound(name)->first, name);
    const bool by_position =
        is_number_type(inner) ? next_number_ < numbers_.size() : next_tensor_ + needed_later_ < tensors_.size();
    if (by_name || by_position) return make(inner, name, otherwise && !otherwise->isNone() ? otherwise : c10::nullopt);
    return otherwise ? *otherwise : IValue();
  }

  IValue make_tuple(const std::shared_ptr<c10::TupleType>& type, const std::string& name) {
    std::vector<IValue> elements;
    const auto schema = type->schema();
    for (size_t i = 0; i < type->elements().size(); ++i)
      elements.push_back(make(type->elements()[i],
                              name + "." + (schema ? schema->arguments()[i].name() : std::to_string(i)), c10::nullopt));
    if (type->name()) return c10::ivalue::Tuple::createNamed(std::move(elements), type);
    return c10::ivalue::Tuple::create(std::move(elements));
  }

  /// As many elements as are named, or else as there are inputs that nobody after it needs.
  IValue make_list(const c10::ListType& type, const std::string& name, const c10::optional<IValue>& otherwise) {
    const TypePtr element = type.getElementType();
    size_t count = 0;
    for (const auto& [given_name, spec] : named_)
      if (is_part(given_name, name) && given_name.size() > name.size())
        count = std::max(count, static_cast<size_t>(std::atoi(given_name.c_str() + name.size() + 1)) + 1);
    const size_t each = std::max<size_t>(least_tensors(element), 1);
    if (count == 0 && least_tensors(element) > 0) {
      const size_t left = tensors_.size() - next_tensor_;
      count = left > needed_later_ ? (left - needed_later_) / each : 0;
    }
    if (count == 0 && otherwise) return *otherwise;
    if (count == 0 || least_tensors(element) == 0)
      throw WrongUsage{"'" + name + "' is a " + type.annotation_str() +
                       ": give an input for each of its tensors, named " + name + ".0, " + name + ".1 and so on"};
    if (count > 4096) throw WrongUsage{"'" + name + "' would have " + std::to_string(count) + " elements"};
    c10::impl::GenericList list(element);
    for (size_t i = 0; i < count; ++i) list.push_back(make(element, name + "." + std::to_string(i), c10::nullopt));
    return list;
  }

  IValue make_dict(const c10::DictType& type, const std::string& name, const c10::optional<IValue>& otherwise) {
    std::set<std::string> keys;
    for (const auto& [given_name, spec] : named_) {
      if (!is_part(given_name, name) || given_name.size() <= name.size()) continue;
      const std::string rest = given_name.substr(name.size() + 1);
      keys.insert(least_tensors(type.getValueType()) == 1 ? rest : rest.substr(0, rest.find('.')));
    }
    if (keys.empty() && otherwise) return *otherwise;
    if (keys.empty() || type.getKeyType()->kind() != TypeKind::StringType)
      throw WrongUsage{"'" + name + "' is a " + type.annotation_str() +
                       ": give an input for each of its tensors, named " + name + ".KEY"};
    c10::impl::GenericDict dict(type.getKeyType(), type.getValueType());
    for (const std::string& key : keys) dict.insert(key, make(type.getValueType(), name + "." + key, c10::nullopt));
    return dict;
  }

  static bool is_part(const std::string& given, const std::string& name) {
    return given == name ||
           (given.size() > name.size() && given.compare(0, name.size(), name) == 0 && given[name.size()] == '.');
  }

  /// Before anything that lacks: an input that lacks may be one whose name was misspelt.
  void refuse_unknown_names() const {
    std::set<std::string> parameters;
    for (size_t i = 1; i < schema_.arguments().size(); ++i) parameters.insert(schema_.arguments()[i].name());
    for (const auto& [given, spec] : named_) {
      // A parameter's name has no full stop.
      if (parameters.count(given.substr(0, given.find('.'))) == 0)
        throw WrongUsage{"the model has no input '" + given + "': " + expected()};
    }
  }

  void refuse_what_is_left() const {
    if (!named_.empty()) throw WrongUsage{"the model has no input '" + named_.begin()->first + "': " + expected()};
    if (next_tensor_ < tensors_.size())
      throw WrongUsage{article(tensors_.size(), "input") + (tensors_.size() == 1 ? " is" : " are") +
                       " given, which is too many: " + expected()};
    if (next_number_ < numbers_.size()) throw WrongUsage{"a number is given that no parameter takes: " + expected()};
  }

  const c10::FunctionSchema& schema_;
  const std::vector<graph::HostTensor>* given_;
  std::map<std::string, const InputSpec*> named_;
  std::vector<const InputSpec*> tensors_, numbers_;
  size_t next_tensor_ = 0, next_number_ = 0;
  size_t needed_later_ = 0;
  Arguments arguments_;
};

/// Arguments from values that the model brought along, their tensors replaced where others are given.
class BundledArguments {
 public:
  explicit BundledArguments(const std::vector<graph::HostTensor>* given) : given_(given) {}

  Arguments make(const c10::FunctionSchema& schema, const IValue& example) {
    const auto& elements = example.toTupleRef().elements();
    if (elements.size() + 1 > schema.arguments().size())
      throw WrongUsage{"the inputs bundled with the model don't fit its forward: give them with --input"};
    for (size_t i = 1; i < schema.arguments().size(); ++i) {
      const c10::Argument& parameter = schema.arguments()[i];
      if (i - 1 >= elements.size() && !parameter.default_value())
        throw WrongUsage{"the inputs bundled with the model lack '" + parameter.name() + "': give them with --input"};
      arguments_.values.push_back(i - 1 < elements.size() ? rebuild(elements[i - 1], parameter.name())
                                                          : *parameter.default_value());
    }
    if (given_ != nullptr && given_->size() != arguments_.inputs.size())
      throw WrongUsage{article(given_->size(), "tensor") + " were given, but the model takes " +
                       article(arguments_.inputs.size(), "tensor")};
    return std::move(arguments_);
  }

 private:
  IValue rebuild(const IValue& value, const std::string& name) {
    if (value.isTensor()) {
      const size_t index = arguments_.inputs.size();
      const bool replaced = given_ != nullptr && index < given_->size();
      FlatInput input{name, replaced ? libtorch_tensor((*given_)[index]) : value.toTensor().clone(), false};
      arguments_.inputs.push_back(input);
      return input.tensor;
    }
    if (value.isTuple()) {
      std::vector<IValue> elements;
      for (const IValue& element : value.toTupleRef().elements())
        elements.push_back(rebuild(element, name + "." + std::to_string(elements.size())));
      return c10::ivalue::Tuple::create(std::move(elements));
    }
    if (value.isTensorList() ||
        (value.isList() && !value.isIntList() && !value.isDoubleList() && !value.isBoolList())) {
      c10::impl::GenericList list(value.toList().elementType());
      for (const IValue& element : value.toListRef())
        list.push_back(rebuild(element, name + "." + std::to_string(list.size())));
      return list;
    }
    if (value.isGenericDict()) {
      const auto dict = value.toGenericDict();
      c10::impl::GenericDict copy(dict.keyType(), dict.valueType());
      for (const auto& entry : dict) {
        const std::string key = entry.key().isString() ? entry.key().toStringRef() : std::to_string(copy.size());
        copy.insert(entry.key(), rebuild(entry.value(), name + "." + key));
      }
      return copy;
    }
    return value;
  }

  const std::vector<graph::HostTensor>* given_;
  Arguments arguments_;
};

std::optional<IValue> bundled_example(const jit::Module& module) {
  const auto method = module.find_method("get_all_bundled_inputs");
  if (!method) return std::nullopt;
  try {
    Interpreter interpreter(module, Budget{}, Values::computed);
    const IValue examples = interpreter.call_without_arguments("get_all_bundled_inputs");
    if (examples.isList() && !examples.toListRef().empty() && examples.toListRef()[0].isTuple())
      return examples.toListRef()[0];
  } catch (const ModelThrew& thrown) {
    throw WrongUsage{"the model's bundled inputs can't be had (" + thrown.what + "): give inputs with --input"};
  } catch (const InternalError&) {
    throw;
  } catch (const std::exception& exception) {
    throw WrongUsage{"the model's bundled inputs can't be had (" + first_line(exception) +
                     "): give inputs with --input"};
  }
  return std::nullopt;
}

std::vector<InputSpec> specs_of(const std::vector<graph::HostTensor>& given) {
  std::vector<InputSpec> specs;
  for (const graph::HostTensor& tensor : given) {
    InputSpec spec;
    spec.shape.emplace(tensor.shape.begin(), tensor.shape.end());
    specs.push_back(std::move(spec));
  }
  return specs;
}

}  // namespace

std::vector<ParameterInfo> parameters_of(const jit::Module& module) {
  std::vector<ParameterInfo> parameters;
  const c10::FunctionSchema& schema = module.get_method("forward").function().getSchema();
  for (size_t i = 1; i < schema.arguments().size(); ++i)
    parameters.push_back({schema.arguments()[i].name(), schema.arguments()[i].type()->annotation_str()});
  return parameters;
}

Expected<Arguments> make_arguments(const jit::Module& module, const std::vector<InputSpec>& specs,
                                   const std::vector<graph::HostTensor>* given) {
  const c10::FunctionSchema& schema = module.get_method("forward").function().getSchema();
  try {
    if (specs.empty()) {
      if (const auto example = bundled_example(module)) return BundledArguments(given).make(schema, *example);
      if (given != nullptr) {
        const std::vector<InputSpec> implied = specs_of(*given);
        return ArgumentMaker(schema, implied, given).make();
      }
    }
    return ArgumentMaker(schema, specs, given).make();
  } catch (const WrongUsage& wrong) {
    return Error{ErrorKind::usage, wrong.message};
  }
}

}  // namespace passerelle::torchscript
