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

/// The bytes of one constant at a time, as they are to be stored, in pieces: a permuted or converted constant is never
/// real as a whole.
class ConstantReader {
 public:
  /// `constant` is kept by the caller until all is read, or another is begun.
  void begin(const graph::Constant& constant);
  /// The bytes that follow, valid until the next call; none at the end.
  Span<const unsigned char> next();

 private:
  const graph::Constant* constant_ = nullptr;
  size_t position_ = 0;  // elements
  bool in_place_ = false;
  std::vector<unsigned char> scratch_;
};

struct Place {
  Storage storage = Storage::value;
  uint16_t window = 0;
  uint32_t value = 0;  ///< as format::Operand.value
};

struct StoredConstant {
  graph::Constant constant;
  uint64_t offset = 0;             ///< in the window
  std::optional<uint64_t> digest;  ///< once another one might be equal
};

struct WindowPlan {
  std::vector<StoredConstant> constants;
  uint64_t size = 0;
};

/// Finds equal constants. Of large ones no more is read than tells them apart, and nothing is kept but the small ones'
/// bytes.
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

  Place add_value(const graph::Constant& constant);
  std::optional<Place> find(const graph::Constant& constant, uint64_t sample);
  uint64_t digest_of(const graph::Constant& constant);
  bool are_equal(const graph::Constant& one, const graph::Constant& other);
  bool open_window_for(uint64_t size);
  Place place_of(const Known& known) const;

  uint64_t window_limit_;
  std::vector<unsigned char> values_;
  std::unordered_map<std::string, uint32_t> known_values_;
  std::vector<WindowPlan> windows_;
  std::unordered_multimap<uint64_t, Known> known_constants_;  // by sample
  uint64_t distinct_bytes_ = 0;
  uint64_t shared_bytes_ = 0;
  ConstantReader reader_;
  ConstantReader other_reader_;
};

/// Zeros to put before something that is to stand on a multiple of `alignment`.
uint64_t padding(uint64_t offset, uint64_t alignment);

}  // namespace passerelle::blob
