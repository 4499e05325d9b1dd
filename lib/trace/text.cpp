#include "passerelle/trace/trace.h"

#include <sstream>

namespace passerelle::trace {
namespace {

class Writer {
 public:
  explicit Writer(const Trace& trace) : trace_(trace) {}

  std::string text() {
    for (const Port& input : trace_.inputs) {
      out_ << "input " << input.name << " = ";
      typed(input.tensor);
      out_ << (input.channels_last ? " channels last\n" : "\n");
    }
    for (const Node& node : trace_.nodes) write(node);
    for (const Port& output : trace_.outputs) {
      out_ << "output " << output.name << " = ";
      typed(output.tensor);
      out_ << "\n";
    }
    for (const graph::Diagnostic& diagnostic : trace_.diagnostics) write(diagnostic);
    return out_.str();
  }

 private:
  void write(const Node& node) {
    out_ << indent_;
    for (size_t i = 0; i < node.results.size(); ++i) {
      if (i > 0) out_ << ", ";
      value(node.results[i], true);
    }
    out_ << " = " << node.op << (node.overload.empty() ? "" : ".") << node.overload << "(";
    for (size_t i = 0; i < node.arguments.size(); ++i) {
      out_ << (i > 0 ? ", " : "") << node.arguments[i].first << "=";
      value(node.arguments[i].second, false);
    }
    out_ << ")";
    place(trace_.origins[node.origin]);
    out_ << "\n";
    for (const Region& region : node.regions) write(region);
  }

  void write(const Region& region) {
    const std::string outside = indent_;
    const auto list = [&](const char* what, const std::vector<TensorId>& ids) {
      out_ << what;
      for (TensorId id : ids) {
        out_ << " ";
        typed(id);
      }
      out_ << "\n";
    };
    list((outside + "  region").c_str(), region.inputs);
    indent_ += "    ";
    for (const Node& node : region.nodes) write(node);
    list((indent_ + "gives").c_str(), region.outputs);
    indent_ = outside;
  }

  void write(const graph::Diagnostic& diagnostic) {
    out_ << "diagnostic " << graph::name(diagnostic.reason) << " " << diagnostic.op << ": " << diagnostic.message;
    place(diagnostic.origin);
    out_ << "\n";
  }

  void place(const graph::Origin& origin) {
    if (!origin.module_path.empty() || origin.user.line > 0) out_ << "  #";
    if (!origin.module_path.empty()) out_ << " " << origin.module_path;
    if (origin.user.line > 0) out_ << " " << origin.user.file << ":" << origin.user.line;
  }

  void typed(TensorId id) {
    const Tensor& tensor = trace_[id];
    out_ << (tensor.dependence == Dependence::data ? "%" : "$") << static_cast<uint32_t>(id) << " "
         << graph::name(tensor.type);
    out_ << "[";
    for (size_t i = 0; i < tensor.shape.size(); ++i) out_ << (i > 0 ? "," : "") << tensor.shape[i];
    out_ << "]";
    if (!graph::is_quantized(tensor.type)) return;
    if (tensor.quantization.channel_scales.empty()) {
      out_ << "{" << tensor.quantization.scale << "," << tensor.quantization.zero_point << "}";
    } else {
      out_ << "{per channel " << tensor.quantization.channel_dimension << "}";
    }
  }

  // Constants are written with their type, wherever they are read: nothing else in the listing says it.
  void tensor(TensorId id, bool defined_here) {
    if (defined_here || trace_[id].dependence != Dependence::data) {
      typed(id);
    } else {
      out_ << "%" << static_cast<uint32_t>(id);
    }
  }

  void value(const Value& value_to_write, bool defined_here) {
    std::visit([&](const auto& data) { write_data(data, defined_here); }, value_to_write.data);
  }
  void write_data(Value::None, bool) { out_ << "None"; }
  void write_data(TensorId id, bool defined_here) { tensor(id, defined_here); }
  void write_data(int64_t number, bool) { out_ << number; }
  void write_data(double number, bool) {
    std::ostringstream digits;
    digits << number;
    const bool looks_integral = digits.str().find_first_not_of("-0123456789") == std::string::npos;
    out_ << digits.str() << (looks_integral ? ".0" : "");
  }
  void write_data(bool truth, bool) { out_ << (truth ? "True" : "False"); }
  void write_data(const std::string& text, bool) { out_ << '"' << text << '"'; }
  void write_data(const std::vector<Value>& elements, bool defined_here) {
    out_ << "[";
    for (size_t i = 0; i < elements.size(); ++i) {
      if (i > 0) out_ << ", ";
      value(elements[i], defined_here);
    }
    out_ << "]";
  }

  const Trace& trace_;
  std::ostringstream out_;
  std::string indent_;
};

}  // namespace

std::string to_text(const Trace& trace) { return Writer(trace).text(); }

}  // namespace passerelle::trace
