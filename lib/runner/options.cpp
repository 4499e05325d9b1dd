#include "options.h"

#include <charconv>
#include <cstdlib>
#include <functional>

namespace passerelle::runner {
namespace {

Error usage(const std::string& message) {
  return {ErrorKind::usage, message + "; passerelle-run --help lists all options"};
}

struct Word {
  const char* text;
  int32_t value;
};
constexpr Word types[] = {{"other", PASSERELLE_DEVICE_OTHER},
                          {"cpu", PASSERELLE_DEVICE_CPU},
                          {"gpu", PASSERELLE_DEVICE_GPU},
                          {"accelerator", PASSERELLE_DEVICE_ACCELERATOR}};
constexpr Word references[] = {{"if-needed", PASSERELLE_REFERENCE_IF_NEEDED},
                               {"never", PASSERELLE_REFERENCE_FORBIDDEN},
                               {"allowed", PASSERELLE_REFERENCE_ALLOWED}};
constexpr Word preferences[] = {{"low-power", PASSERELLE_PREFER_LOW_POWER},
                                {"fast-single-answer", PASSERELLE_PREFER_FAST_SINGLE_ANSWER},
                                {"sustained-speed", PASSERELLE_PREFER_SUSTAINED_SPEED}};
constexpr Word priorities[] = {
    {"low", PASSERELLE_PRIORITY_LOW}, {"medium", PASSERELLE_PRIORITY_MEDIUM}, {"high", PASSERELLE_PRIORITY_HIGH}};
constexpr Word yes_or_no[] = {{"yes", PASSERELLE_FP16_ALLOWED}, {"no", PASSERELLE_FP16_FORBIDDEN}};

template <size_t N>
bool take_word(const Word (&words)[N], const std::string& text, int32_t& value) {
  for (const Word& word : words) {
    if (text != word.text) continue;
    value = word.value;
    return true;
  }
  return false;
}

bool take_number(const std::string& text, uint32_t& value) {
  const char* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, value);
  return parsed.ec == std::errc() && parsed.ptr == end;
}

bool take_count(const std::string& text, int& value) {
  uint32_t number = 0;
  if (!take_number(text, number) || number > INT32_MAX) return false;
  value = static_cast<int>(number);
  return true;
}

/// Decimal, 0 or more, at most a day; std::from_chars for double is missing in older libraries.
bool take_seconds(const std::string& text, double& value) {
  char* end = nullptr;
  value = std::strtod(text.c_str(), &end);
  return !text.empty() && *end == 0 && value >= 0 && value <= 86400;
}

bool take_milliseconds(const std::string& text, uint64_t& nanoseconds) {
  uint32_t value = 0;
  if (!take_number(text, value)) return false;
  nanoseconds = uint64_t{value} * 1'000'000;
  return true;
}

/// An option with a value.
struct Row {
  const char* name;
  const char* value;
  const char* what;
  bool (*take)(Options&, const std::string&);
};
const Row rows[] = {
    {"--input", "FILE.npy", "An input, in order; give it for each. With --bench, without any: values of its own",
     [](Options& o, const std::string& v) { return o.inputs.push_back(v), true; }},
    {"--output-dir", "DIR", "Write output0.npy, output1.npy, ... there; made where it is missing",
     [](Options& o, const std::string& v) { return o.output_dir = v, !v.empty(); }},
    {"--nnapi", "LIB.so", "The NNAPI library. Default: the system's libneuralnetworks.so",
     [](Options& o, const std::string& v) { return o.nnapi = v, !v.empty(); }},
    {"--device", "NAME", "Run on this device alone (see --devices)",
     [](Options& o, const std::string& v) { return o.device = v, !v.empty(); }},
    {"--device-type", "KIND", "Run on devices of a kind: accelerator, gpu, cpu, other",
     [](Options& o, const std::string& v) { return take_word(types, v, o.compile.device_type); }},
    {"--reference", "WHEN", "NNAPI's own CPU implementation: if-needed (the default), never, allowed",
     [](Options& o, const std::string& v) { return take_word(references, v, o.compile.reference); }},
    {"--preference", "WHAT", "low-power, fast-single-answer, sustained-speed",
     [](Options& o, const std::string& v) { return take_word(preferences, v, o.compile.preference); }},
    {"--priority", "WHAT", "low, medium, high",
     [](Options& o, const std::string& v) { return take_word(priorities, v, o.compile.priority); }},
    {"--fp16", "yes|no", "Let float32 be computed as float16. Default: as the file says",
     [](Options& o, const std::string& v) { return take_word(yes_or_no, v, o.compile.fp16); }},
    {"--cache-dir", "DIR", "Where drivers keep what they compiled",
     [](Options& o, const std::string& v) { return o.cache_directory = v, !v.empty(); }},
    {"--crash-dir", "DIR", "Remember there which device took the program down, and keep off it",
     [](Options& o, const std::string& v) { return o.crash_directory = v, !v.empty(); }},
    {"--compile-timeout", "MS", "Milliseconds; needs exactly one device",
     [](Options& o, const std::string& v) { return take_milliseconds(v, o.compile.timeout); }},
    {"--timeout", "MS", "Of each run, milliseconds; needs exactly one device",
     [](Options& o, const std::string& v) { return take_milliseconds(v, o.run_timeout); }},
    {"--runs", "N", "--bench: how many runs count. Default: 50",
     [](Options& o, const std::string& v) {
       return take_count(v, o.benching.repetitions) && o.benching.repetitions > 0;
     }},
    {"--warm-up", "N", "--bench: how many runs before. Default: 5",
     [](Options& o, const std::string& v) { return take_count(v, o.benching.warm_up); }},
    {"--seconds", "S", "--bench: no further run begins after this time. Default: 30",
     [](Options& o, const std::string& v) { return take_seconds(v, o.benching.seconds); }},
    {"--format", "text|json", "How the result is printed",
     [](Options& o, const std::string& v) { return o.json = v == "json", v == "json" || v == "text"; }},
};

struct Flag {
  const char* name;
  const char* what;
  bool Options::*member;
};
const Flag flags[] = {
    {"--bench", "Measure how long a run takes", &Options::bench},
    {"--burst", "Keep the driver ready between runs", &Options::burst},
    {"--where", "Say for each operation which devices can run it", &Options::where},
    {"--devices", "List NNAPI's devices; takes no model", &Options::devices},
    {"--help", "This", &Options::help},
    {"--version", "", &Options::version},
};

const Row* find_row(const std::string& name) {
  for (const Row& row : rows)
    if (name == row.name) return &row;
  return nullptr;
}

bool take_flag(const std::string& name, Options& options) {
  for (const Flag& flag : flags) {
    if (name != flag.name) continue;
    options.*flag.member = true;
    return true;
  }
  return false;
}

Expected<Options> checked(Options options) {
  if (options.help || options.version || options.devices) return options;
  if (options.file.empty()) return usage("give a .nnapi file");
  if (!options.bench && !options.where && options.output_dir.empty())
    return usage("give --output-dir DIR for the outputs, --bench, or --where");
  return options;
}

}  // namespace

loader::CompileOptions Options::compile_options() const {
  loader::CompileOptions result = compile;
  if (!device.empty()) result.device = device.c_str();
  if (!cache_directory.empty()) result.cache_directory = cache_directory.c_str();
  if (!crash_directory.empty()) result.crash_directory = crash_directory.c_str();
  return result;
}

Expected<Options> parse(const std::vector<std::string>& arguments) {
  Options options;
  bool only_files = false;
  for (size_t i = 0; i < arguments.size(); ++i) {
    const std::string& argument = arguments[i];
    if (!only_files && argument == "--") {
      only_files = true;
    } else if (only_files || argument.compare(0, 2, "--") != 0) {
      if (!options.file.empty()) return usage("one .nnapi file at a time: " + options.file + ", " + argument);
      options.file = argument;
    } else if (!take_flag(argument, options)) {
      const size_t equals = argument.find('=');
      const std::string name = argument.substr(0, equals);
      const Row* row = find_row(name);
      if (!row) return usage("there is no option " + name);
      if (equals == std::string::npos && i + 1 == arguments.size()) return usage(name + " wants " + row->value);
      const std::string value = equals == std::string::npos ? arguments[++i] : argument.substr(equals + 1);
      if (!row->take(options, value)) return usage(name + " wants " + row->value + ", not '" + value + "'");
    }
  }
  return checked(std::move(options));
}

std::string help() {
  std::string text =
      "passerelle-run FILE.nnapi --input FILE.npy... --output-dir DIR\n"
      "passerelle-run FILE.nnapi --bench [--input FILE.npy...]\n"
      "passerelle-run --devices\n\n"
      "Runs a .nnapi file through NNAPI, or measures how long a run takes. The exit statuses are passerelle's.\n\n";
  const auto line = [&](std::string name, const char* what) {
    name.resize(name.size() < 24 ? 24 : name.size() + 1, ' ');
    text += "  " + name + what + "\n";
  };
  for (const Row& row : rows) line(std::string(row.name) + " " + row.value, row.what);
  for (const Flag& flag : flags) line(flag.name, flag.what);
  return text;
}

}  // namespace passerelle::runner
