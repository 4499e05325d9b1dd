#include "golden.h"

#include <zlib.h>

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "passerelle/nnapi/operand_type.h"
#include "paths.h"

namespace passerelle::golden {
namespace {

using nlohmann::json;
using nnapi::OperandType;

constexpr const char* suites[] = {"V1_0", "V1_1", "V1_2", "V1_3", "V1_3_cts_only", "AIDL_V2", "AIDL_V3"};
constexpr int suite_levels[] = {1, 2, 3, 4, 4, 6, 7};

std::vector<unsigned char> decode_base64(const std::string& text) {
  const auto value = [](char c) -> uint32_t {
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= 'a' && c <= 'z') return c - 'a' + 26;
    if (c >= '0' && c <= '9') return c - '0' + 52;
    return c == '+' ? 62 : 63;
  };
  std::vector<unsigned char> bytes;
  bytes.reserve(text.size() / 4 * 3);
  uint32_t bits = 0;
  int count = 0;
  for (char c : text) {
    if (c == '=') break;
    bits = bits << 6 | value(c);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    bytes.push_back(static_cast<unsigned char>(bits >> count));
  }
  return bytes;
}

Lifetime lifetime(const std::string& name) {
  if (name == "INPUT") return Lifetime::input;
  if (name == "OUTPUT") return Lifetime::output;
  if (name == "TEMP") return Lifetime::temporary;
  if (name == "CONSTANT") return Lifetime::constant;
  if (name == "NO_VALUE") return Lifetime::no_value;
  if (name == "SUBGRAPH") return Lifetime::subgraph;
  throw std::runtime_error("golden model with lifetime " + name);
}

Operand read_operand(const json& row) {
  Operand operand;
  operand.type = row.at("type");
  operand.dimensions = row.at("dims").get<std::vector<uint32_t>>();
  operand.scale = row.at("scale");
  operand.zero_point = row.at("zero_point");
  operand.lifetime = lifetime(row.at("lifetime"));
  operand.is_in_memory = row.value("constant_reference", false);
  operand.subgraph = row.value("subgraph_index", 0u);
  operand.is_ignored = row.value("is_ignored", false);
  if (const auto data = row.find("data"); data != row.end())
    operand.data = decode_base64(data->get_ref<const std::string&>());
  if (const auto channels = row.find("channel_quant"); channels != row.end()) {
    operand.channel_scales = channels->at("scales").get<std::vector<float>>();
    operand.channel_dimension = channels->at("channel_dim");
  }
  return operand;
}

Graph read_graph(const json& row) {
  Graph graph;
  for (const json& operand : row.at("operands")) graph.operands.push_back(read_operand(operand));
  for (const json& operation : row.at("operations")) {
    graph.operations.push_back({operation.at("code"), operation.at("name"),
                                operation.at("inputs").get<std::vector<uint32_t>>(),
                                operation.at("outputs").get<std::vector<uint32_t>>()});
  }
  graph.inputs = row.at("inputs").get<std::vector<uint32_t>>();
  graph.outputs = row.at("outputs").get<std::vector<uint32_t>>();
  return graph;
}

Model read_model(const std::string& line) {
  const json row = json::parse(line);
  Model model;
  model.suite = row.at("suite");
  model.name = row.at("name");
  model.file = row.at("file");
  model.variant = row.at("variant").get<std::vector<std::string>>();
  model.min_feature_level = row.at("min_feature_level");
  model.expect_failure = row.at("expect_failure");
  model.is_relaxed = row.at("is_relaxed");
  model.tolerance_multinomial = row.value("tolerance_multinomial", 0.0);
  model.main = read_graph(row.at("main"));
  if (const auto referenced = row.find("referenced"); referenced != row.end())
    for (const json& graph : *referenced) model.referenced.push_back(read_graph(graph));
  return model;
}

void for_each_line(const std::string& path, const std::function<void(const std::string&)>& visit) {
  const gzFile file = gzopen(path.c_str(), "rb");
  if (file == nullptr) throw std::runtime_error("can't open " + path);
  gzbuffer(file, 1 << 18);
  std::string line;
  char chunk[1 << 16];
  while (gzgets(file, chunk, sizeof chunk) != nullptr) {
    line += chunk;
    if (line.back() != '\n') continue;
    visit(line);
    line.clear();
  }
  if (!line.empty()) visit(line);
  const bool failed = gzclose(file) != Z_OK;
  if (failed) throw std::runtime_error("can't read " + path);
}

bool has_float16_operands(const Model& model) {
  const auto has = [](const Graph& graph) {
    for (const Operand& operand : graph.operands)
      if (operand.type == static_cast<int32_t>(OperandType::TENSOR_FLOAT16)) return true;
    return false;
  };
  if (has(model.main)) return true;
  for (const Graph& graph : model.referenced)
    if (has(graph)) return true;
  return false;
}

template <typename T>
double element(const std::vector<unsigned char>& bytes, size_t index) {
  T value;
  std::memcpy(&value, bytes.data() + index * sizeof(T), sizeof(T));
  return static_cast<double>(value);
}

double half_to_double(uint16_t bits) {
  const int exponent = bits >> 10 & 31;
  const int fraction = bits & 1023;
  const double magnitude = exponent == 0    ? std::ldexp(fraction, -24)
                           : exponent == 31 ? (fraction == 0 ? INFINITY : NAN)
                                            : std::ldexp(1024 + fraction, exponent - 25);
  return bits >> 15 != 0 ? -magnitude : magnitude;
}

double element(OperandType type, const std::vector<unsigned char>& bytes, size_t index) {
  switch (type) {
    case OperandType::FLOAT32:
    case OperandType::TENSOR_FLOAT32: return element<float>(bytes, index);
    case OperandType::INT32:
    case OperandType::TENSOR_INT32: return element<int32_t>(bytes, index);
    case OperandType::UINT32: return element<uint32_t>(bytes, index);
    case OperandType::FLOAT16:
    case OperandType::TENSOR_FLOAT16: return half_to_double(static_cast<uint16_t>(element<uint16_t>(bytes, index)));
    case OperandType::TENSOR_QUANT16_SYMM: return element<int16_t>(bytes, index);
    case OperandType::TENSOR_QUANT16_ASYMM: return element<uint16_t>(bytes, index);
    case OperandType::TENSOR_QUANT8_SYMM:
    case OperandType::TENSOR_QUANT8_SYMM_PER_CHANNEL:
    case OperandType::TENSOR_QUANT8_ASYMM_SIGNED: return element<int8_t>(bytes, index);
    default: return element<uint8_t>(bytes, index);
  }
}

}  // namespace

const char* const why_missing =
    "Android's golden models are not there (folder nnapi_golden of PASSERELLE_SHARED, or of ../shared)";

std::string directory() {
  const char* given = std::getenv("PASSERELLE_SHARED");
  const std::filesystem::path shared =
      given != nullptr ? given : std::filesystem::path(testing::source_directory()) / ".." / "shared";
  const std::filesystem::path folder = shared / "nnapi_golden";
  return std::filesystem::exists(folder / "V1_0.jsonl.gz") ? folder.string() : std::string();
}

void for_each_model(const std::function<void(const Model&)>& visit) {
  const std::filesystem::path folder = directory();
  for (const char* suite : suites)
    for_each_line(folder / (std::string(suite) + ".jsonl.gz"),
                  [&](const std::string& line) { visit(read_model(line)); });
}

int suite_feature_level(const std::string& suite) {
  for (size_t i = 0; i < std::size(suites); ++i)
    if (suite == suites[i]) return suite_levels[i];
  throw std::runtime_error("there is no suite " + suite);
}

Tolerance tolerance(const Model& model, int32_t output_type) {
  const double half_steps = std::ldexp(5, -10);
  switch (static_cast<OperandType>(output_type)) {
    case OperandType::FLOAT32:
    case OperandType::TENSOR_FLOAT32:
      if (model.is_relaxed || has_float16_operands(model)) return {half_steps, half_steps};
      return {1e-5, std::ldexp(5, -23)};
    case OperandType::FLOAT16:
    case OperandType::TENSOR_FLOAT16: return {half_steps, half_steps};
    case OperandType::BOOL:
    case OperandType::TENSOR_BOOL8: return {};
    case OperandType::TENSOR_QUANT8_ASYMM:
    case OperandType::TENSOR_QUANT8_ASYMM_SIGNED:
    case OperandType::TENSOR_QUANT8_SYMM: return {model.name.find("mobilenet") != std::string::npos ? 3.0 : 1.0, 0};
    default: return {1, 0};
  }
}

std::string difference(const Model& model, const Operand& expected, const std::vector<unsigned char>& actual) {
  if (actual.size() != expected.data.size())
    return std::to_string(actual.size()) + " bytes instead of " + std::to_string(expected.data.size());
  const auto type = static_cast<OperandType>(expected.type);
  const Tolerance allowed = tolerance(model, expected.type);
  const size_t count = expected.data.size() / nnapi::element_size(type);
  for (size_t i = 0; i < count; ++i) {
    const double wanted = element(type, expected.data, i);
    const double got = element(type, actual, i);
    if (std::abs(got - wanted) <= allowed.absolute + allowed.relative * std::abs(wanted)) continue;
    if (got == wanted) continue;  // infinities
    return "element " + std::to_string(i) + " of " + std::to_string(count) + " is " + std::to_string(got) +
           " instead of " + std::to_string(wanted);
  }
  return {};
}

}  // namespace passerelle::golden
