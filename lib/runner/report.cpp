#include "report.h"

#include <cstdio>

#include "json.h"

namespace passerelle::runner {
namespace {

std::string milliseconds(uint64_t nanoseconds) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3f", static_cast<double>(nanoseconds) / 1e6);
  return text;
}

std::string seconds_in_milliseconds(double seconds) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3f", seconds * 1e3);
  return text;
}

const char* type_name(int32_t type) {
  constexpr const char* names[] = {"unknown", "other", "cpu", "gpu", "accelerator"};
  return names[type];
}

std::vector<std::string> names_of(const loader::Nnapi& nnapi, uint64_t set) {
  std::vector<std::string> names;
  const std::vector<passerelle_device_info> devices = nnapi.devices();
  for (size_t i = 0; i < devices.size() && i < 64; ++i)
    if (set >> i & 1) names.push_back(devices[i].name);
  return names;
}

std::string joined(const std::vector<std::string>& parts, const char* between) {
  std::string result;
  for (const std::string& part : parts) result += (result.empty() ? "" : between) + part;
  return result;
}

std::string origin_of(const passerelle_operation_info& info) {
  std::string origin = info.module_path;
  if (info.source_file[0])
    origin += (origin.empty() ? "" : ", ") + std::string(info.source_file) + ":" + std::to_string(info.source_line);
  return origin;
}

std::string devices_text(const loader::Nnapi& nnapi) {
  std::string text;
  for (const passerelle_device_info& device : nnapi.devices())
    text += std::string("  ") + device.name + ", version " + device.version + ": " + type_name(device.type) +
            ", feature level " + std::to_string(device.feature_level) +
            (device.is_reference ? ", NNAPI's own CPU implementation" : "") + "\n";
  return text.empty() ? "  no device can be named\n" : text;
}

std::string compilation_text(const Report& report) {
  const passerelle_compilation_info info = report.compilation.info();
  const std::vector<std::string> names = names_of(report.nnapi, info.devices);
  std::string text = "devices          " + (names.empty() ? "NNAPI's choice" : joined(names, ", ")) + "\n";
  if (info.only_reference)
    text += "                 there is no other device for this model: expect it to be slow\n";
  else if (info.reference_operations)
    text += "                 " + std::to_string(info.reference_operations) + " of " +
            std::to_string(report.model.info().operation_count) + " operations on NNAPI's own CPU implementation\n";
  if (info.suspected_devices)
    text += "kept off         " + joined(names_of(report.nnapi, info.suspected_devices), ", ") +
            ", which took the program down before\n";
  if (info.retried) text += std::string("second try       ") + info.retry_reason + "\n";
  text += "opened in        " + milliseconds(report.open_time) + " ms\n";
  text += "compiled in      " + milliseconds(report.compile_time) + " ms\n";
  return text;
}

std::string bench_text(const BenchResult& bench) {
  const auto line = [](const char* name, double seconds) { return name + seconds_in_milliseconds(seconds) + " ms\n"; };
  std::string text = line("first run        ", bench.first);
  text += "runs             " + std::to_string(bench.runs.seconds.size()) + "\n";
  text += line("  shortest       ", bench.runs.lowest()) + line("  median         ", bench.runs.median()) +
          line("  90 %           ", bench.runs.quantile(0.9)) + line("  longest        ", bench.runs.highest());
  if (!bench.drivers.empty()) text += line("  in the driver  ", bench::quantile(bench.drivers, 0.5));
  return text;
}

std::string placement_text(const Report& report) {
  std::string text;
  for (uint32_t i = 0; i < report.placement.size(); ++i) {
    const passerelle_operation_info info = report.model.operation(i);
    const std::string origin = origin_of(info);
    text += std::to_string(i) + "  " + info.name + "  " + joined(names_of(report.nnapi, report.placement[i]), ", ") +
            (origin.empty() ? "" : "  (" + origin + ")") + "\n";
  }
  return text;
}

/// "name": value, with a comma before it but for the first.
class JsonObject {
 public:
  JsonObject& add(const char* name, const std::string& value) {
    text_ += (text_.empty() ? "" : ", ") + json_string(name) + ": " + value;
    return *this;
  }
  JsonObject& add(const char* name, uint64_t value) { return add(name, std::to_string(value)); }
  JsonObject& add_text(const char* name, const std::string& value) { return add(name, json_string(value)); }
  JsonObject& add_flag(const char* name, bool value) { return add(name, std::string(value ? "true" : "false")); }
  std::string text() const { return "{" + text_ + "}"; }

 private:
  std::string text_;
};

std::string json_list(const std::vector<std::string>& values) { return "[" + joined(values, ", ") + "]"; }

std::string json_strings(std::vector<std::string> values) {
  for (std::string& value : values) value = json_string(value);
  return json_list(values);
}

std::string devices_json(const loader::Nnapi& nnapi) {
  std::vector<std::string> objects;
  for (const passerelle_device_info& device : nnapi.devices())
    objects.push_back(JsonObject()
                          .add_text("name", device.name)
                          .add_text("version", device.version)
                          .add_text("type", type_name(device.type))
                          .add("feature_level", device.feature_level)
                          .add_flag("reference", device.is_reference)
                          .text());
  return json_list(objects);
}

std::string compilation_json(const Report& report) {
  const passerelle_compilation_info info = report.compilation.info();
  return JsonObject()
      .add("devices", json_strings(names_of(report.nnapi, info.devices)))
      .add("suspected_devices", json_strings(names_of(report.nnapi, info.suspected_devices)))
      .add("operations", report.model.info().operation_count)
      .add("reference_operations", info.reference_operations)
      .add_flag("only_reference", info.only_reference)
      .add_flag("retried", info.retried)
      .add_text("retry_reason", info.retry_reason)
      .add("open_ms", milliseconds(report.open_time))
      .add("compile_ms", milliseconds(report.compile_time))
      .text();
}

std::string bench_json(const BenchResult& bench) {
  JsonObject object;
  object.add("first_ms", seconds_in_milliseconds(bench.first))
      .add("runs", bench.runs.seconds.size())
      .add("min_ms", seconds_in_milliseconds(bench.runs.lowest()))
      .add("median_ms", seconds_in_milliseconds(bench.runs.median()))
      .add("p90_ms", seconds_in_milliseconds(bench.runs.quantile(0.9)))
      .add("max_ms", seconds_in_milliseconds(bench.runs.highest()));
  const double driver = bench::quantile(bench.drivers, 0.5);
  object.add("driver_median_ms", bench.drivers.empty() ? "null" : seconds_in_milliseconds(driver));
  return object.text();
}

std::string placement_json(const Report& report) {
  std::vector<std::string> objects;
  for (uint32_t i = 0; i < report.placement.size(); ++i)
    objects.push_back(JsonObject()
                          .add_text("name", report.model.operation(i).name)
                          .add("devices", json_strings(names_of(report.nnapi, report.placement[i])))
                          .add_text("origin", origin_of(report.model.operation(i)))
                          .text());
  return json_list(objects);
}

}  // namespace

std::string to_text(const Report& report) {
  std::string text =
      "NNAPI            " + report.library + ", feature level " + std::to_string(report.nnapi.feature_level()) + "\n";
  if (!report.compilation) return text + devices_text(report.nnapi);
  text += compilation_text(report);
  if (!report.bench.runs.seconds.empty()) text += bench_text(report.bench);
  text += placement_text(report);
  for (const std::string& path : report.outputs) text += path + "\n";
  return text;
}

std::string to_json(const Report& report) {
  JsonObject object;
  object.add_text("nnapi", report.library).add("feature_level", report.nnapi.feature_level());
  object.add("devices", devices_json(report.nnapi));
  if (report.compilation) {
    object.add_text("file", report.file).add("compilation", compilation_json(report));
    if (!report.bench.runs.seconds.empty()) object.add("bench", bench_json(report.bench));
    if (!report.placement.empty()) object.add("operations", placement_json(report));
    object.add("outputs", json_strings(report.outputs));
  }
  return object.text() + "\n";
}

}  // namespace passerelle::runner
