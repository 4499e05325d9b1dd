// Runs a pickle as LibTorch's reader does (protocol 2, its operations alone), but makes descriptions instead of values,
// and refuses what it can't be sure of.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "pickle_check.h"

namespace passerelle::torchscript {

enum class PickleKind {
  none,
  boolean,
  integer,
  real,
  string,
  tuple,
  list,
  dict,
  global,       ///< a function or class that is called later
  scalar_type,  ///< "torch.FloatStorage"
  scheme,       ///< of quantization: "torch.per_tensor_affine"
  storage,
  tensor,
  object,  ///< of a class of the archive's, or something else without parts that matter
};

struct PickleValue {
  PickleKind kind = PickleKind::none;
  int64_t integer = 0;
  std::string_view text;                     ///< string; global, scalar_type, scheme: its name with the module's
  std::vector<const PickleValue*> elements;  ///< tuple, list; dict: keys and values in turn; object: its state
  bool enclosed = false;                     ///< in another value: a container is not added to any more
  uint32_t depth = 1;
  uint64_t weight = 1;  ///< values in it, each as often as it is met on the way from here
  // Of a storage or tensor.
  std::string_view scalar_type;
  uint64_t capacity = 0;       ///< elements that the storage holds
  std::vector<int64_t> sizes;  ///< tensor
};

/// Thrown inside of this room: what is wrong, in words that follow the pickle's name.
struct PickleFlaw {
  std::string what;
};

/// How often values may be repeated: where LibTorch's reader follows them from the root again and again, or not.
enum class Repetition { limited, free };

class PickleMachine {
 public:
  PickleMachine(Bytes pickle, StorageSize storage_size, const Declarations& declarations,
                Repetition repetition = Repetition::limited)
      : pickle_(pickle),
        declarations_(declarations),
        most_weight_(repetition == Repetition::free ? UINT64_MAX : (uint64_t{1} << 24) + pickle.size()),
        storage_size_(std::move(storage_size)) {}
  /// The one value that the pickle makes; it lives as long as this. Throws PickleFlaw.
  const PickleValue& run();

 private:
  // pickle_machine.cpp
  void step(unsigned char operation);
  void take_from(PickleValue& container, size_t first);
  void enclose(PickleValue& container, PickleValue& element);
  PickleValue& make(PickleKind kind);
  void push(PickleValue& value) { stack_.push_back(&value); }
  PickleValue& pop();
  void make_tuple(size_t first);
  void make_global();
  void remember(uint64_t id);
  void recall(uint64_t id);
  size_t pop_mark();
  uint64_t number(size_t bytes);
  std::string_view bytes(uint64_t count);
  std::string_view line();

  // pickle_tensors.cpp
  void call();
  PickleValue& make_storage(const PickleValue& arguments);
  PickleValue& make_tensor(const PickleValue& arguments, bool quantized);

  Bytes pickle_;
  const Declarations& declarations_;
  uint64_t most_weight_;
  StorageSize storage_size_;
  size_t at_ = 0;
  std::deque<PickleValue> values_;
  std::deque<std::string> names_;
  std::vector<PickleValue*> stack_, memo_;
  std::vector<size_t> marks_;
};

}  // namespace passerelle::torchscript
