// What a pickle calls: LibTorch's functions that make tensors and typed lists, and the archive's own classes.
#include <algorithm>
#include <limits>

#include "pickle_machine.h"

namespace passerelle::torchscript {
namespace {

struct ScalarType {
  std::string_view name;
  uint8_t bytes;
  bool quantized = false;
  uint8_t packed = 1;  // elements in one of them
};
constexpr ScalarType scalar_types[] = {
    {"torch.ByteStorage", 1},
    {"torch.CharStorage", 1},
    {"torch.ShortStorage", 2},
    {"torch.IntStorage", 4},
    {"torch.LongStorage", 8},
    {"torch.HalfStorage", 2},
    {"torch.FloatStorage", 4},
    {"torch.DoubleStorage", 8},
    {"torch.ComplexHalfStorage", 4},
    {"torch.ComplexFloatStorage", 8},
    {"torch.ComplexDoubleStorage", 16},
    {"torch.BoolStorage", 1},
    {"torch.BFloat16Storage", 2},
    {"torch.QInt8Storage", 1, true},
    {"torch.QUInt8Storage", 1, true},
    {"torch.QInt32Storage", 4, true},
    {"torch.QUInt4x2Storage", 1, true, 2},
    {"torch.QUInt2x4Storage", 1, true, 4},
};

constexpr size_t highest_rank = 64;
constexpr int64_t most_elements = int64_t{1} << 48;

const ScalarType& scalar_type(std::string_view name) {
  for (const ScalarType& type : scalar_types)
    if (type.name == name) return type;
  throw PickleFlaw{"has a storage of an unknown type"};
}

const PickleValue& element(const PickleValue& tuple, size_t index, PickleKind kind) {
  if (index >= tuple.elements.size() || tuple.elements[index]->kind != kind)
    throw PickleFlaw{"calls a function with other arguments than it takes"};
  return *tuple.elements[index];
}

std::vector<int64_t> numbers(const PickleValue& tuple) {
  std::vector<int64_t> result;
  for (const PickleValue* each : tuple.elements) {
    if (each->kind != PickleKind::integer || each->integer < 0)
      throw PickleFlaw{"has a tensor with a size or stride that is no number from 0 up"};
    result.push_back(each->integer);
  }
  return result;
}

/// Elements up to the tensor's last one, counted from the storage's begin; 0 for a tensor without elements. Throws
/// where there are too many to be meant.
uint64_t end_of(int64_t offset, const std::vector<int64_t>& sizes, const std::vector<int64_t>& strides) {
  if (std::find(sizes.begin(), sizes.end(), 0) != sizes.end()) return 0;
  int64_t count = 1, last = offset;
  for (size_t i = 0; i < sizes.size(); ++i) {
    int64_t span = 0;
    if (__builtin_mul_overflow(count, sizes[i], &count) || count > most_elements ||
        __builtin_mul_overflow(sizes[i] - 1, strides[i], &span) || __builtin_add_overflow(last, span, &last))
      throw PickleFlaw{"has a tensor with more elements than any machine can hold"};
  }
  if (last == std::numeric_limits<int64_t>::max())
    throw PickleFlaw{"has a tensor that begins behind its storage's end"};
  return static_cast<uint64_t>(last) + 1;
}

void check_elements(const PickleValue& list, PickleKind kind) {
  for (const PickleValue* each : list.elements)
    if (each->kind != kind) throw PickleFlaw{"has a list with an element of another type than the others"};
}

/// "List[Optional[int]]". LibTorch's parser follows brackets by recursion.
void check_type(std::string_view type) {
  constexpr size_t longest = 4096, deepest = 64;
  size_t depth = 0;
  for (char character : type) {
    if (character == '[' || character == '(') ++depth;
    if ((character == ']' || character == ')') && depth > 0) --depth;
    if (depth > deepest || type.size() > longest)
      throw PickleFlaw{"names a type that is too long or nested too deeply"};
  }
}

/// (value,), which has to be one of the enum's: LibTorch searches it and goes on without.
void check_enum(const PickleValue& arguments, const std::set<std::string>& values) {
  if (arguments.kind != PickleKind::tuple || arguments.elements.size() != 1)
    throw PickleFlaw{"makes a value of an enum in an unknown way"};
  const PickleValue& value = *arguments.elements[0];
  const std::string text(value.text);
  const bool known = value.kind == PickleKind::integer ? values.count(std::to_string(value.integer)) != 0
                     : value.kind == PickleKind::string
                         ? values.count('"' + text + '"') + values.count("'" + text + "'") != 0
                         : value.kind == PickleKind::real;
  if (!known) throw PickleFlaw{"has a value that its enum lacks"};
}

/// {scheme, scale, zero point} or {scheme, scales, zero points, axis}.
void check_quantization(const PickleValue& quantization, const std::vector<int64_t>& sizes) {
  const std::string_view scheme = element(quantization, 0, PickleKind::scheme).text;
  if (scheme.find("per_channel") == scheme.npos) {
    element(quantization, 1, PickleKind::real);
    element(quantization, 2, PickleKind::integer);
    return;
  }
  const int64_t axis = element(quantization, 3, PickleKind::integer).integer;
  if (axis < 0 || static_cast<size_t>(axis) >= sizes.size())
    throw PickleFlaw{"has a tensor quantized along a dimension that it does not have"};
  for (size_t i : {1, 2})
    if (element(quantization, i, PickleKind::tensor).sizes != std::vector<int64_t>{sizes[static_cast<size_t>(axis)]})
      throw PickleFlaw{"has a tensor with another number of scales or zero points than it has channels"};
}

}  // namespace

/// ("storage", type, entry, device, elements)
PickleValue& PickleMachine::make_storage(const PickleValue& arguments) {
  if (arguments.kind != PickleKind::tuple || element(arguments, 0, PickleKind::string).text != "storage")
    throw PickleFlaw{"names something outside of it that is no storage"};
  const ScalarType& type = scalar_type(element(arguments, 1, PickleKind::scalar_type).text);
  const std::string_view key = element(arguments, 2, PickleKind::string).text;
  element(arguments, 3, PickleKind::string);
  const int64_t count = element(arguments, 4, PickleKind::integer).integer;
  if (count < 0) throw PickleFlaw{"has a storage of a negative size"};
  const auto size = count > 0 ? storage_size_(key) : std::optional<uint64_t>(0);
  if (!size) throw PickleFlaw{"names a storage that is not in the file"};
  if (static_cast<uint64_t>(count) > *size / type.bytes)
    throw PickleFlaw{"has a storage of more bytes than the file has for it"};
  PickleValue& storage = make(PickleKind::storage);
  storage.scalar_type = type.name;
  storage.capacity = static_cast<uint64_t>(count) * type.packed;
  return storage;
}

/// (storage, offset, sizes, strides, [quantization,] requires_grad, hooks, ...)
PickleValue& PickleMachine::make_tensor(const PickleValue& arguments, bool quantized) {
  const PickleValue& storage = element(arguments, 0, PickleKind::storage);
  const int64_t offset = element(arguments, 1, PickleKind::integer).integer;
  const std::vector<int64_t> sizes = numbers(element(arguments, 2, PickleKind::tuple));
  const std::vector<int64_t> strides = numbers(element(arguments, 3, PickleKind::tuple));
  if (sizes.size() != strides.size() || sizes.size() > highest_rank)
    throw PickleFlaw{"has a tensor with another number of strides than sizes, or too many"};
  if (offset < 0 || end_of(offset, sizes, strides) > storage.capacity)
    throw PickleFlaw{"has a tensor that reaches beyond its storage"};
  if (scalar_type(storage.scalar_type).quantized != quantized)
    throw PickleFlaw{"has a tensor of another type than its storage"};
  if (quantized) check_quantization(element(arguments, 4, PickleKind::tuple), sizes);
  element(arguments, quantized ? 5 : 4, PickleKind::boolean);
  PickleValue& tensor = make(PickleKind::tensor);
  tensor.scalar_type = storage.scalar_type;
  tensor.sizes = sizes;
  return tensor;
}

void PickleMachine::call() {
  PickleValue& arguments = pop();
  const PickleValue& function = pop();
  if (function.kind != PickleKind::global) throw PickleFlaw{"calls something that is no function"};
  const std::string_view name = function.text;
  if (name == "torch._utils._rebuild_tensor_v2" || name == "torch._utils._rebuild_qtensor") {
    if (arguments.kind != PickleKind::tuple) throw PickleFlaw{"makes a tensor in an unknown way"};
    return push(make_tensor(arguments, name == "torch._utils._rebuild_qtensor"));
  }
  if (name == "collections.OrderedDict") return push(make(PickleKind::none));
  constexpr std::string_view helpers = "torch.jit._pickle.";
  if (name.substr(0, helpers.size()) == helpers) {
    if (arguments.kind != PickleKind::tuple) throw PickleFlaw{"makes a list in an unknown way"};
    if (name == "torch.jit._pickle.restore_type_tag") {
      check_type(element(arguments, 1, PickleKind::string).text);
      const PickleKind kind = arguments.elements[0]->kind;
      if (kind != PickleKind::list && kind != PickleKind::dict) throw PickleFlaw{"gives a type to no container"};
    } else {
      const std::string_view list = name.substr(helpers.size());
      const PickleKind kind = list == "build_intlist"      ? PickleKind::integer
                              : list == "build_doublelist" ? PickleKind::real
                              : list == "build_boollist"   ? PickleKind::boolean
                              : list == "build_tensorlist" ? PickleKind::tensor
                                                           : PickleKind::none;
      if (kind == PickleKind::none) throw PickleFlaw{"calls a function that is unknown"};
      check_elements(element(arguments, 0, PickleKind::list), kind);
    }
    return push(const_cast<PickleValue&>(*arguments.elements[0]));
  }
  for (std::string_view refused : {"torch._utils._rebuild_sparse_tensor", "torch.distributed.rpc.rref", "__main__."})
    if (name.substr(0, refused.size()) == refused)
      throw PickleFlaw{"holds a value of a kind that can't be converted (" + std::string(name) + ")"};
  if (const auto* values = declarations_.enum_values(std::string(name))) check_enum(arguments, *values);
  PickleValue& object = make(PickleKind::object);
  enclose(object, arguments);
  push(object);
}

std::optional<std::string> flaw_in_values(Bytes pickle, const StorageSize& storage_size,
                                          const Declarations& declarations) {
  try {
    PickleMachine(pickle, storage_size, declarations).run();
  } catch (const PickleFlaw& flaw) {
    return flaw.what;
  }
  return std::nullopt;
}

}  // namespace passerelle::torchscript
