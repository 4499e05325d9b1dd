#include "pickle_machine.h"

#include <algorithm>

namespace passerelle::torchscript {
namespace {

constexpr uint32_t deepest = 1000;  // LibTorch follows values by recursion

[[noreturn]] void cut_off() { throw PickleFlaw{"ends too early"}; }

constexpr std::string_view schemes[] = {"torch.per_tensor_affine", "torch.per_channel_affine",
                                        "torch.per_tensor_symmetric", "torch.per_channel_symmetric",
                                        "torch.per_channel_affine_float_qparams"};

}  // namespace

PickleValue& PickleMachine::make(PickleKind kind) {
  PickleValue& value = values_.emplace_back();
  value.kind = kind;
  return value;
}

PickleValue& PickleMachine::pop() {
  if (stack_.empty() || (!marks_.empty() && marks_.back() >= stack_.size()))
    throw PickleFlaw{"takes a value that was not given"};
  PickleValue& value = *stack_.back();
  stack_.pop_back();
  return value;
}

std::string_view PickleMachine::bytes(uint64_t count) {
  if (count > pickle_.size() - at_) cut_off();
  const std::string_view found(reinterpret_cast<const char*>(pickle_.data()) + at_, static_cast<size_t>(count));
  at_ += static_cast<size_t>(count);
  return found;
}

uint64_t PickleMachine::number(size_t count) {
  uint64_t value = 0;
  const std::string_view found = bytes(count);
  for (size_t i = count; i-- > 0;) value = (value << 8) | static_cast<unsigned char>(found[i]);
  return value;
}

std::string_view PickleMachine::line() {
  const auto* const begin = pickle_.data() + at_;
  const auto* const end = std::find(begin, pickle_.data() + pickle_.size(), '\n');
  if (end == pickle_.data() + pickle_.size()) cut_off();
  const std::string_view found = bytes(static_cast<uint64_t>(end - begin));
  ++at_;
  return found;
}

size_t PickleMachine::pop_mark() {
  if (marks_.empty() || marks_.back() > stack_.size()) throw PickleFlaw{"ends a list that did not begin"};
  const size_t mark = marks_.back();
  marks_.pop_back();
  return mark;
}

void PickleMachine::enclose(PickleValue& container, PickleValue& element) {
  if (&container == &element || container.enclosed) throw PickleFlaw{"has a value that may hold itself"};
  element.enclosed = true;
  container.depth = std::max(container.depth, element.depth + 1);
  if (__builtin_add_overflow(container.weight, element.weight, &container.weight)) container.weight = UINT64_MAX;
  if (container.depth > deepest) throw PickleFlaw{"has values nested too deeply"};
  if (container.weight > most_weight_) throw PickleFlaw{"repeats values too often"};
  container.elements.push_back(&element);
}

/// The stack from `first` on.
void PickleMachine::take_from(PickleValue& container, size_t first) {
  if (container.kind == PickleKind::dict && (stack_.size() - first) % 2 != 0)
    throw PickleFlaw{"has a dict with a key that has no value"};
  for (size_t i = first; i < stack_.size(); ++i) enclose(container, *stack_[i]);
  stack_.resize(first);
}

void PickleMachine::make_tuple(size_t first) {
  PickleValue& tuple = make(PickleKind::tuple);
  take_from(tuple, first);
  push(tuple);
}

void PickleMachine::make_global() {
  const std::string_view module = line(), name = line();
  const std::string_view full = names_.emplace_back(std::string(module) + "." + std::string(name));
  PickleKind kind = PickleKind::global;
  if (module == "torch" && std::find(std::begin(schemes), std::end(schemes), full) != std::end(schemes))
    kind = PickleKind::scheme;
  else if (module == "torch" && name.size() > 7 && name.substr(name.size() - 7) == "Storage")
    kind = PickleKind::scalar_type;
  PickleValue& global = make(kind);
  global.text = full;
  push(global);
}

void PickleMachine::remember(uint64_t id) {
  if (stack_.empty()) throw PickleFlaw{"keeps a value that was not given"};
  if (id > pickle_.size()) throw PickleFlaw{"keeps more values than it has"};
  if (id >= memo_.size()) memo_.resize(static_cast<size_t>(id) + 1, nullptr);
  memo_[static_cast<size_t>(id)] = stack_.back();
}

void PickleMachine::recall(uint64_t id) {
  if (id >= memo_.size() || memo_[static_cast<size_t>(id)] == nullptr)
    throw PickleFlaw{"names a value that was not kept"};
  push(*memo_[static_cast<size_t>(id)]);
}

void PickleMachine::step(unsigned char operation) {
  const auto push_number = [&](int64_t value) {
    PickleValue& made = make(PickleKind::integer);
    made.integer = value;
    push(made);
  };
  const auto own = [&](size_t count) {  // `count` values on the stack, none of them from before the last mark
    const size_t floor = marks_.empty() ? 0 : marks_.back();
    if (stack_.size() < floor + count) throw PickleFlaw{"takes a value that was not given"};
    return stack_.size() - count;
  };
  const auto container_below = [&](size_t mark, PickleKind kind) -> PickleValue& {
    if (mark == 0 || stack_[mark - 1]->kind != kind) throw PickleFlaw{"adds to something that is no container"};
    return *stack_[mark - 1];
  };
  switch (operation) {
    case ']': return push(make(PickleKind::list));
    case ')': return push(make(PickleKind::tuple));
    case '}': return push(make(PickleKind::dict));
    case '(': return marks_.push_back(stack_.size());
    case 'q': return remember(number(1));
    case 'r': return remember(number(4));
    case 'h': return recall(number(1));
    case 'j': return recall(number(4));
    case 'N': return push(make(PickleKind::none));
    case 0x88:
    case 0x89: return push(make(PickleKind::boolean));
    case 'K': return push_number(static_cast<int64_t>(number(1)));
    case 'M': return push_number(static_cast<int64_t>(number(2)));
    case 'J': return push_number(static_cast<int32_t>(number(4)));
    case 0x8a:
      if (number(1) != 8) throw PickleFlaw{"has a number of an unknown length"};
      return push_number(static_cast<int64_t>(number(8)));
    case 'G': bytes(8); return push(make(PickleKind::real));
    case 'X': {
      PickleValue& text = make(PickleKind::string);
      text.text = bytes(number(4));
      return push(text);
    }
    case 't': return make_tuple(pop_mark());
    case 0x85: return make_tuple(own(1));
    case 0x86: return make_tuple(own(2));
    case 0x87: return make_tuple(own(3));
    case 'l':
    case 'd': {
      const size_t mark = pop_mark();
      PickleValue& made = make(operation == 'l' ? PickleKind::list : PickleKind::dict);
      take_from(made, mark);
      return push(made);
    }
    case 'e':
    case 'u': {
      const size_t mark = pop_mark();
      return take_from(container_below(mark, operation == 'e' ? PickleKind::list : PickleKind::dict), mark);
    }
    case 's': {
      const size_t first = own(2);
      return take_from(container_below(first, PickleKind::dict), first);
    }
    case 'c': return make_global();
    case 0x81:
      if (const PickleValue& arguments = pop(); arguments.kind != PickleKind::tuple || !arguments.elements.empty())
        throw PickleFlaw{"makes an object in an unknown way"};
      return;
    case 'Q': return push(make_storage(pop()));
    case 'b':
    case 'R': return call();
    default: throw PickleFlaw{"has an operation that LibTorch does not know"};
  }
}

const PickleValue& PickleMachine::run() {
  if (number(1) != 0x80 || number(1) != 2) throw PickleFlaw{"does not begin as a pickle of protocol 2"};
  for (;;) {
    const auto operation = static_cast<unsigned char>(number(1));
    if (operation == '.') break;
    step(operation);
  }
  if (stack_.size() != 1) throw PickleFlaw{"does not make one value"};
  return *stack_[0];
}

}  // namespace passerelle::torchscript
