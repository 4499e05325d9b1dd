#include "draft.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace passerelle::tests {
namespace {

bool has_rank(const Tensor& tensor, size_t lowest, size_t highest) {
  return tensor.shape.size() >= lowest && tensor.shape.size() <= highest;
}

bool is_float(const Tensor& tensor) { return tensor.type == ElementType::float32; }
bool is_bool(const Tensor& tensor) { return tensor.type == ElementType::bool8; }

bool can_broadcast(const Shape& a, const Shape& b) {
  for (size_t i = 1; i <= std::min(a.size(), b.size()); ++i) {
    const int64_t x = a[a.size() - i], y = b[b.size() - i];
    if (x != y && x != 1 && y != 1) return false;
  }
  return true;
}

}  // namespace

double Draft::number(double low, double high) {
  const double drawn = low + (high - low) * static_cast<double>(below(1001)) / 1000;
  return std::round(drawn * 100) / 100;
}

std::string Draft::written(int64_t dimension, const Tensor& tensor) {
  return std::to_string(chance(30) ? dimension - static_cast<int64_t>(tensor.shape.size()) : dimension);
}

std::vector<int64_t> Draft::dimensions(const Tensor& tensor) {
  std::vector<int64_t> chosen;
  for (int64_t i = 0; i < static_cast<int64_t>(tensor.shape.size()); ++i)
    if (chance(45)) chosen.push_back(i);
  if (chosen.empty()) chosen.push_back(dimension(tensor));
  return chosen;
}

const Tensor& Draft::floats(size_t lowest_rank, size_t highest_rank) {
  return value([&](const Tensor& each) { return is_float(each) && has_rank(each, lowest_rank, highest_rank); });
}
const Tensor& Draft::integers(size_t lowest_rank, size_t highest_rank) {
  return value([&](const Tensor& each) {
    return !is_float(each) && !is_bool(each) && has_rank(each, lowest_rank, highest_rank);
  });
}
const Tensor& Draft::bools(size_t lowest_rank, size_t highest_rank) {
  return value([&](const Tensor& each) { return is_bool(each) && has_rank(each, lowest_rank, highest_rank); });
}
const Tensor& Draft::numbers(size_t lowest_rank, size_t highest_rank) {
  return value([&](const Tensor& each) { return !is_bool(each) && has_rank(each, lowest_rank, highest_rank); });
}
const Tensor& Draft::any(size_t lowest_rank, size_t highest_rank) {
  return value([&](const Tensor& each) { return has_rank(each, lowest_rank, highest_rank); });
}

Shape Draft::broadcastable(const Shape& shape) {
  Shape other = shape;
  if (chance(50)) return other;
  for (int64_t& size : other)
    if (chance(35)) size = 1;
  if (chance(40)) other.erase(other.begin(), other.begin() + below(static_cast<int64_t>(other.size()) + 1));
  return other;
}

std::string Draft::partner(const Tensor& tensor) {
  auto fits = [&](const Tensor& other) {
    return other.type == tensor.type && other.name != tensor.name && can_broadcast(tensor.shape, other.shape);
  };
  if (chance(65) && std::any_of(values_.begin(), values_.end(), fits)) return value(fits).name;
  switch (tensor.type) {
    case ElementType::float32: return constant(broadcastable(tensor.shape), -2, 2);
    case ElementType::bool8: return constant(broadcastable(tensor.shape), 0, 2, tensor.type);
    default: return constant(broadcastable(tensor.shape), -4, 5, tensor.type);
  }
}

std::string Draft::mask(const Tensor& tensor) {
  auto fits = [&](const Tensor& other) { return is_bool(other) && can_broadcast(tensor.shape, other.shape); };
  if (chance(70) && std::any_of(values_.begin(), values_.end(), fits)) return value(fits).name;
  return constant(broadcastable(tensor.shape), 0, 2, ElementType::bool8);
}

std::string Draft::constant(const Shape& shape, double low, double high, ElementType type) {
  const std::string name = "w" + number_ + (constants_.empty() ? "" : "_" + std::to_string(constants_.size()));
  constants_.push_back({name, shape, low, high, type});
  return name;
}

std::string format(const std::string& text, const std::vector<std::string>& arguments) {
  std::string result;
  size_t at = 0;
  for (const std::string& argument : arguments) {
    const size_t hole = text.find("{}", at);
    if (hole == text.npos) throw std::logic_error("too many arguments for " + text);
    result += text.substr(at, hole - at) + argument;
    at = hole + 2;
  }
  if (text.find("{}", at) != text.npos) throw std::logic_error("too few arguments for " + text);
  return result + text.substr(at);
}

}  // namespace passerelle::tests
