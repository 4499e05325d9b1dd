// What a kind of statement writes itself with: random choices, the values that there are, and constants of its own.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "network.h"

namespace passerelle::tests {

/// Thrown where no value fits a kind: the generator tries another.
struct Unfit {};

class Draft {
 public:
  /// `number`: of the statement; names are made with it.
  Draft(std::mt19937& random, const std::vector<Tensor>& values, size_t number)
      : random_(random), values_(values), number_(std::to_string(number)) {}

  // --- Choices.
  int64_t below(int64_t limit) { return static_cast<int64_t>(random_() % static_cast<uint64_t>(limit)); }
  int64_t between(int64_t low, int64_t high) { return low + below(high - low + 1); }
  bool chance(int percent) { return below(100) < percent; }
  /// With few digits.
  double number(double low, double high);
  template <typename Element>
  Element one_of(std::initializer_list<Element> elements) {
    return *(elements.begin() + below(static_cast<int64_t>(elements.size())));
  }
  std::string one_of(std::initializer_list<const char*> elements) {
    return *(elements.begin() + below(static_cast<int64_t>(elements.size())));
  }
  /// Of a tensor of rank 1 or more: 0 .. rank - 1.
  int64_t dimension(const Tensor& tensor) { return below(static_cast<int64_t>(tensor.shape.size())); }
  /// A dimension as a model may write it: from the end now and then.
  std::string written(int64_t dimension, const Tensor& tensor);
  /// Some of the dimensions, at least one, each once.
  std::vector<int64_t> dimensions(const Tensor& tensor);

  // --- Values of the network: the later the likelier. Unfit is thrown where there is none.
  const Tensor& floats(size_t lowest_rank = 0, size_t highest_rank = 4);
  const Tensor& integers(size_t lowest_rank = 0, size_t highest_rank = 4);
  const Tensor& bools(size_t lowest_rank = 0, size_t highest_rank = 4);
  const Tensor& numbers(size_t lowest_rank = 0, size_t highest_rank = 4);  ///< floats or integers
  const Tensor& any(size_t lowest_rank = 0, size_t highest_rank = 4);
  template <typename Condition>
  const Tensor& value(Condition&& fits) {
    std::vector<const Tensor*> fitting;
    for (const Tensor& each : values_)
      if (fits(each)) fitting.push_back(&each);
    if (fitting.empty()) throw Unfit{};
    const size_t late = fitting.size() > 3 && chance(67) ? fitting.size() - 3 : 0;
    return *fitting[late + static_cast<size_t>(below(static_cast<int64_t>(fitting.size() - late)))];
  }

  /// The name of a value or a new constant of the same type that can be broadcast with `tensor`.
  std::string partner(const Tensor& tensor);
  /// The same, a bool.
  std::string mask(const Tensor& tensor);
  /// A shape to which `shape` can be broadcast or which can be broadcast to it.
  Shape broadcastable(const Shape& shape);

  // --- What the statement adds.
  /// Names of the statement's results and of what is its own within it.
  std::string result(size_t index = 0) const { return "v" + number_ + (index == 0 ? "" : "_" + std::to_string(index)); }
  std::string local(const char* name) const { return name + number_; }
  /// A constant of the module, by its name.
  std::string constant(const Shape& shape, double low = -1, double high = 1, ElementType type = ElementType::float32);
  std::vector<Tensor>& constants() { return constants_; }

 private:
  std::mt19937& random_;
  const std::vector<Tensor>& values_;
  std::string number_;
  std::vector<Tensor> constants_;
};

/// `text` with each {} replaced by the next argument.
std::string format(const std::string& text, const std::vector<std::string>& arguments);

inline std::string word(const std::string& text) { return text; }
inline std::string word(const char* text) { return text; }
inline std::string word(const Tensor& tensor) { return tensor.name; }
inline std::string word(const std::vector<int64_t>& values) { return list(values); }
inline std::string word(bool value) { return python(value); }
inline std::string word(double value) { return python(value); }
inline std::string word(int64_t value) { return std::to_string(value); }
inline std::string word(int value) { return std::to_string(value); }
inline std::string word(size_t value) { return std::to_string(value); }

/// The same, of tensors, numbers and lists as TorchScript writes them.
template <typename... Arguments>
std::string write(const std::string& text, const Arguments&... arguments) {
  return format(text, {word(arguments)...});
}

}  // namespace passerelle::tests
