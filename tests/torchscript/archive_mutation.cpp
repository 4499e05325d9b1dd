#include "archive_mutation.h"

#include <caffe2/serialize/inline_container.h>
#include <torch/csrc/jit/runtime/operator.h>

#include <algorithm>
#include <cctype>
#include <cstring>
#include <iterator>

namespace passerelle::torchscript::testing {
namespace {

using std::string_literals::operator""s;

constexpr int64_t extremes[] = {0,       1,         2,         -1,         127,         128,       255,
                                256,     65535,     65536,     0x7fffffff, -0x7fffffff, 1LL << 31, 1LL << 32,
                                1 << 20, 1LL << 40, 1LL << 62, INT64_MAX,  INT64_MIN,   1000000,   64};

template <typename T>
T& pick(std::vector<T>& all, Random& random) {
  return all[random() % all.size()];
}
template <typename T>
const T& pick(const std::vector<T>& all, Random& random) {
  return all[random() % all.size()];
}

bool ends_with(const std::string& text, const std::string& end) {
  return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

std::string little_endian(int64_t value, int bytes) {
  std::string text;
  for (int i = 0; i < bytes; ++i) text += static_cast<char>(static_cast<uint64_t>(value) >> (8 * i));
  return text;
}

// --- Pickles.

/// Operations with their arguments; what can't be taken apart is one long last one.
std::vector<std::string> operations(const std::string& pickle) {
  std::vector<std::string> result;
  size_t at = 0;
  while (at < pickle.size()) {
    size_t size = 1;
    const auto left = pickle.size() - at;
    const auto byte = [&](size_t i) { return i < left ? static_cast<unsigned char>(pickle[at + i]) : 0u; };
    switch (byte(0)) {
      case 0x80:
      case 'q':
      case 'h':
      case 'K': size = 2; break;
      case 'M': size = 3; break;
      case 'J':
      case 'r':
      case 'j': size = 5; break;
      case 'G': size = 9; break;
      case 0x8a: size = 2 + byte(1); break;
      case 'X': size = 5 + (byte(1) | byte(2) << 8 | byte(3) << 16); break;
      case 'c': {
        const size_t first = pickle.find('\n', at);
        const size_t second = first == pickle.npos ? first : pickle.find('\n', first + 1);
        size = second == pickle.npos ? left : second + 1 - at;
        break;
      }
      default: break;
    }
    size = std::min(size, left);
    result.push_back(pickle.substr(at, size));
    at += size;
  }
  return result;
}

std::string number_operation(int64_t value, Random& random) {
  if (value >= 0 && value < 256 && random() % 2 == 0) return "K" + little_endian(value, 1);
  if (value >= INT32_MIN && value <= INT32_MAX && random() % 2 == 0) return "J" + little_endian(value, 4);
  return "\x8a\x08" + little_endian(value, 8);
}

/// Of those that begin with one of `kinds`; null where there is none.
std::string* pick_operation(std::vector<std::string>& all, const std::string& kinds, Random& random) {
  const size_t first = random() % all.size();
  for (size_t i = 0; i < all.size(); ++i) {
    std::string& each = all[(first + i) % all.size()];
    if (!each.empty() && kinds.find(each[0]) != kinds.npos) return &each;
  }
  return nullptr;
}

std::string nested(Random& random) {
  const size_t depth = size_t{1} << random() % 18;
  switch (random() % 4) {
    case 0: return ")" + std::string(depth, '\x85');
    case 1: return std::string(depth, '(') + std::string(depth, 't');
    case 2: {  // each twice in the next
      std::string text = ")";
      for (size_t i = 0; i < 60; ++i) text += "q\x01h\x01\x86";
      return text;
    }
    default: return "]q\x07(h\x07"s + "e";
  }
}

std::string mutate_pickle(const std::string& pickle, const std::string& other, Random& random) {
  static const std::vector<std::string> plain{"]",    ")",    "}",    "(", "N", "\x88", "\x89", "t",
                                              "\x85", "\x86", "\x87", "e", "u", "s",    "b",    "R",
                                              "\x81", "Q",    ".",    "l", "d", "0",    "2",    "a"};
  static const std::vector<std::string> globals{"ctorch\nFloatStorage\n",
                                                "ctorch\nQInt8Storage\n",
                                                "ctorch\nQUInt4x2Storage\n",
                                                "ctorch\nComplexDoubleStorage\n",
                                                "ctorch\nper_tensor_affine\n",
                                                "ctorch\nper_channel_affine\n",
                                                "ctorch\ndevice\n",
                                                "cbuiltins\ncomplex\n",
                                                "ctorch._utils\n_rebuild_tensor_v2\n",
                                                "ctorch._utils\n_rebuild_qtensor\n",
                                                "ctorch._utils\n_rebuild_sparse_tensor\n",
                                                "ctorch.jit._pickle\nbuild_intlist\n",
                                                "ctorch.jit._pickle\nbuild_tensorlist\n",
                                                "ctorch.jit._pickle\nrestore_type_tag\n",
                                                "ctorch.jit._pickle\nbuild_tensor_from_id\n",
                                                "c__main__\nTensorID\n",
                                                "ccollections\nOrderedDict\n"};
  std::vector<std::string> all = operations(pickle), others = operations(other);
  if (all.empty()) return pickle;
  for (auto count = 1 + random() % 3; count > 0; --count) {
    const size_t at = random() % all.size();
    switch (random() % 12) {
      case 0:
        if (all.size() > 1) all.erase(all.begin() + static_cast<long>(at));
        break;
      case 1: all.insert(all.begin() + static_cast<long>(at), all[random() % all.size()]); break;
      case 2: std::swap(all[at], all[random() % all.size()]); break;
      case 3: all[at] = pick(plain, random); break;
      case 4:
      case 5:
      case 6:
        if (auto* number = pick_operation(all, "KMJ\x8a", random))
          *number = number_operation(extremes[random() % std::size(extremes)], random);
        break;
      case 7:
        if (auto* memo = pick_operation(all, "qhrj", random))
          *memo = (random() % 4 == 0 ? "r" : "h") + little_endian(static_cast<int64_t>(random()) % 40, 4).substr(0, 1);
        break;
      case 8:
        if (auto* text = pick_operation(all, "X", random))
          if (const auto* with = pick_operation(others, "X", random)) *text = *with;
        break;
      case 9:
        if (auto* global = pick_operation(all, "c", random)) *global = pick(globals, random);
        break;
      case 10:
        if (random() % 4 == 0) all.insert(all.begin() + static_cast<long>(at), nested(random));
        break;
      default: {
        std::string& bytes = all[at];
        bytes[random() % bytes.size()] = static_cast<char>(random());
      }
    }
  }
  std::string result;
  for (const std::string& each : all) result += each;
  return result;
}

// --- Code.

std::vector<std::string> tokens(const std::string& code) {
  std::vector<std::string> result;
  for (size_t at = 0; at < code.size();) {
    const auto is_word = [](char c) {
      return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '.';
    };
    size_t end = at + 1;
    if (is_word(code[at]))
      while (end < code.size() && is_word(code[end])) ++end;
    result.push_back(code.substr(at, end - at));
    at = end;
  }
  return result;
}

const std::vector<std::string>& operator_names() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all;
    for (const auto& each : torch::jit::getAllOperators()) {
      const std::string name = each->schema().name();
      if (name.compare(0, 6, "aten::") == 0) all.push_back("torch." + name.substr(6));
    }
    std::sort(all.begin(), all.end());
    all.erase(std::unique(all.begin(), all.end()), all.end());
    return all;
  }();
  return names;
}

std::string joined(const std::vector<std::string>& parts) {
  std::string result;
  for (const std::string& part : parts) result += part;
  return result;
}

std::string mutate_tokens(const std::string& code, Random& random) {
  std::vector<std::string> all = tokens(code);
  for (auto count = 1 + random() % 3; count > 0 && !all.empty(); --count) {
    size_t at = random() % all.size();
    while (all[at] == " " && at + 1 < all.size()) ++at;
    std::string& token = all[at];
    if (token.compare(0, 6, "torch.") == 0 || token.compare(0, 4, "ops.") == 0)
      token = pick(operator_names(), random);
    else if (std::isdigit(static_cast<unsigned char>(token[0])) != 0)
      token = std::to_string(random() % 4 == 0 ? extremes[random() % std::size(extremes)]
                                               : static_cast<int64_t>(random() % 10));
    else
      token = random() % 8 == 0 ? std::string() : pick(all, random);
  }
  return joined(all);
}

std::vector<std::string> lines(const std::string& code) {
  std::vector<std::string> result;
  for (size_t at = 0; at < code.size();) {
    const size_t end = std::min(code.find('\n', at), code.size() - 1) + 1;
    result.push_back(code.substr(at, end - at));
    at = end;
  }
  return result;
}

std::string repeated(const std::string& text, size_t count) {
  std::string result;
  for (size_t i = 0; i < count; ++i) result += text;
  return result;
}

std::string deep_line(Random& random) {
  const size_t depth = size_t{1} << random() % 18;
  switch (random() % 6) {
    case 0: return "    y = " + std::string(depth, '(') + "1" + std::string(depth, ')') + "\n";
    case 1: return "    y = 1" + repeated(" + 1", depth) + "\n";
    case 2: return "    y = " + repeated("not ", depth) + "True\n";
    case 3: return "    y = x" + repeated("[0]", depth) + "\n";
    case 4: return "    y = " + std::string(depth, '-') + "1\n";
    default: return "    y : " + repeated("List[", depth) + "int" + std::string(depth, ']') + " = []\n";
  }
}

std::string mutate_lines(const std::string& code, const std::string& other, Random& random) {
  std::vector<std::string> all = lines(code), others = lines(other);
  if (all.empty() || others.empty()) return code;
  const auto at = all.begin() + static_cast<long>(random() % all.size());
  switch (random() % 6) {
    case 0: all.erase(at); break;
    case 1: all.insert(at, std::string(pick(all, random))); break;
    case 2: std::iter_swap(at, all.begin() + static_cast<long>(random() % all.size())); break;
    case 3: all.insert(at, pick(others, random)); break;
    case 4: all.insert(at, deep_line(random)); break;
    default: *at = "  " + *at; break;
  }
  return joined(all);
}

// --- Members.

std::string mutate_bytes(std::string bytes, Random& random) {
  if (bytes.empty()) return "x";
  switch (random() % 3) {
    case 0: bytes.resize(random() % bytes.size()); break;
    case 1: bytes += bytes.substr(random() % bytes.size()); break;
    default:
      for (auto count = 1 + random() % 8; count > 0; --count)
        bytes[random() % bytes.size()] = static_cast<char>(random());
  }
  return bytes;
}

const Member& like(const Members& members, const std::string& end, Random& random) {
  const size_t first = random() % members.size();
  for (size_t i = 0; i < members.size(); ++i)
    if (const Member& each = members[(first + i) % members.size()]; ends_with(each.first, end)) return each;
  return members[first];
}

void mutate_list(Members& members, const Members& other, Random& random) {
  const size_t at = random() % members.size();
  const std::string root = members[0].first.substr(0, members[0].first.find('/') + 1);
  static const std::vector<std::string> names{
      "data.pkl", "DATA.PKL",          "constants.pkl", "version",   "data/0",      "../x",
      "",         "code/__torch__.py", ".data/version", "byteorder", "bytecode.pkl"};
  switch (random() % 5) {
    case 0:
      if (members.size() > 1) members.erase(members.begin() + static_cast<long>(at));
      break;
    case 1: members.push_back(members[at]); break;
    case 2: members[at].first = root + pick(names, random); break;
    case 3: members[at].second = pick(other, random).second; break;
    default: std::swap(members[at].second, pick(members, random).second); break;
  }
}

void mutate_member(Members& members, const Members& other, Random& random) {
  Member& member = random() % 4 == 0
                       ? const_cast<Member&>(like(members, random() % 2 == 0 ? "data.pkl" : ".py", random))
                       : pick(members, random);
  const std::string& name = member.first;
  if (ends_with(name, "pkl"))
    member.second = mutate_pickle(member.second, like(other, "data.pkl", random).second, random);
  else if (ends_with(name, ".py"))
    member.second = random() % 2 == 0 ? mutate_tokens(member.second, random)
                                      : mutate_lines(member.second, like(other, ".py", random).second, random);
  else
    member.second = mutate_bytes(member.second, random);
}

/// Words of the directory, of its end, or of a member's own record.
void mutate_records(std::string& file, Random& random) {
  const std::vector<std::string> signatures{"PK\x01\x02", "PK\x05\x06", "PK\x03\x04"};
  std::vector<size_t> places;
  const std::string& signature = pick(signatures, random);
  for (size_t at = 0; (at = file.find(signature, at)) != file.npos; ++at) places.push_back(at);
  if (places.empty()) return;
  const size_t at = pick(places, random) + 4 + random() % 42;
  const std::string value = little_endian(extremes[random() % std::size(extremes)], random() % 2 == 0 ? 2 : 4);
  if (at + value.size() <= file.size()) file.replace(at, value.size(), value);
}

}  // namespace

Members members_of(const std::string& path) {
  caffe2::serialize::PyTorchStreamReader reader(path);
  Members members;
  for (const std::string& name : reader.getAllRecords()) {
    const auto [data, size] = reader.getRecord(name);
    members.emplace_back("m/" + name, std::string(static_cast<const char*>(data.get()), size));
  }
  return members;
}

std::string mutated(Members members, const Members& other, Random& random) {
  for (auto count = 1 + random() % 2; count > 0; --count)
    random() % 8 == 0 ? mutate_list(members, other, random) : mutate_member(members, other, random);
  std::string file = zip(members);
  if (random() % 16 == 0) mutate_records(file, random);
  if (random() % 64 == 0) file = mutate_bytes(file, random);
  return file;
}

}  // namespace passerelle::torchscript::testing
