// A value, or why there is none.
//
// Functions return Expected<T> for whatever a user can cause (a missing file, a wrong flag, a damaged
// archive); what only a bug of ours can cause is asserted. The kind of an Error is the exit status of
// the command line: see docs/cli.md.
#pragma once

#include <cassert>
#include <string>
#include <utility>
#include <variant>

namespace passerelle {

/// What went wrong, as a script wants to tell it apart. The values are the command's exit statuses.
enum class ErrorKind {
  bug = 1,          ///< ours: an invariant that does not hold
  usage = 2,        ///< flags, input specifications, inputs that do not fit the model
  unreadable = 3,   ///< a model, blob or .npy file that is missing, damaged or of another version
  unsupported = 4,  ///< operators, shapes, types or control flow that cannot be converted
  mismatch = 5,     ///< verification found a difference
  nnapi = 6,        ///< NNAPI is missing, refused or failed
  unwritable = 7,   ///< an output cannot be written
  timeout = 8,      ///< it took longer than it was allowed to
};

/// One sentence for a person: it names the thing, the place and the way out.
struct Error {
  ErrorKind kind = ErrorKind::bug;
  std::string message;
};

template <typename T>
class [[nodiscard]] Expected {
 public:
  Expected(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Expected(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

  explicit operator bool() const { return state_.index() == 0; }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(value()); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }
  const Error& error() const {
    assert(!*this);
    return *std::get_if<1>(&state_);
  }

 private:
  T& value() {
    assert(*this);
    return *std::get_if<0>(&state_);
  }
  const T& value() const {
    assert(*this);
    return *std::get_if<0>(&state_);
  }
  std::variant<T, Error> state_;
};

/// Success, or an Error.
template <>
class [[nodiscard]] Expected<void> {
 public:
  Expected() = default;
  Expected(Error error) : error_(std::move(error)), failed_(true) {}
  explicit operator bool() const { return !failed_; }
  const Error& error() const {
    assert(failed_);
    return error_;
  }

 private:
  Error error_;
  bool failed_ = false;
};

}  // namespace passerelle
