// Where each constant goes: small ones into the head, the others into windows, equal ones once.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "passerelle/blob/digest.h"
#include "passerelle/blob/view.h"
#include "passerelle/graph/constant.h"
#include "passerelle/support/span.h"

namespace passerelle::blob {

/// The bytes of one constant at a time, as they are to be stored.
class ConstantBytes {
 public:
  /// Valid until the next call, and as long as the constant's storage.
  Span<const unsigned char> of(const graph::Constant& constant);

 private:
  std::vector<unsigned char> scratch_;
};

struct Place {
  Storage storage = Storage::value;
  uint16_t window = 0;
  uint32_t value = 0;  ///< as format::Operand.value
};

struct StoredConstant {
  graph::Constant constant;
  uint64_t offset = 0;  ///< in the window
};

struct WindowPlan {
  std::vector<StoredConstant> constants;
  uint64_t size = 0;
  Digest digest;
};

/// Makes each constant real once, to find its equals and to digest it, and keeps none of the bytes but the small ones'.
class ConstantStore {
 public:
  explicit ConstantStore(uint64_t window_limit) : window_limit_(window_limit) {}

  /// Nothing where the format has no room for another window. byte_size() is in 1 .. 2^32 - 1: asserted.
  std::optional<Place> add(const graph::Constant& constant);

  const std::vector<unsigned char>& values() const { return values_; }
  const std::vector<WindowPlan>& windows() const { return windows_; }
  uint64_t distinct_bytes() const { return distinct_bytes_; }
  uint64_t shared_bytes() const { return shared_bytes_; }

 private:
  struct Known {
    uint32_t window;
    size_t constant;  // in the window
  };

  Place add_value(Span<const unsigned char> bytes);
  std::optional<Place> find(const graph::Constant& constant, Span<const unsigned char> bytes, uint64_t digest);
  bool open_window_for(uint64_t size);
  Place place_of(const Known& known) const;

  uint64_t window_limit_;
  std::vector<unsigned char> values_;
  std::unordered_map<std::string, uint32_t> known_values_;
  std::vector<WindowPlan> windows_;
  std::unordered_multimap<uint64_t, Known> known_constants_;  // by digest
  uint64_t distinct_bytes_ = 0;
  uint64_t shared_bytes_ = 0;
  ConstantBytes bytes_;
  ConstantBytes other_bytes_;
};

/// Zeros to put before something that is to stand on a multiple of `alignment`.
uint64_t padding(uint64_t offset, uint64_t alignment);

}  // namespace passerelle::blob
