// Converts a segmentation model with the installed package.
#include <cstdio>

#include "passerelle/blob/write.h"
#include "passerelle/converter/convert.h"

int main(int, char** argv) {
  auto model = passerelle::torchscript::Model::load(argv[1]);
  if (!model) return std::puts(model.error().message.c_str()), 1;
  passerelle::converter::Options options;
  options.inputs.emplace_back().shape = {{1, 3, 224, 224}};
  auto converted = passerelle::converter::convert(*model, options);
  if (!converted) return std::puts(converted.error().message.c_str()), 1;
  if (!converted->diagnostics.empty()) return std::puts(converted->diagnostics[0].message.c_str()), 1;
  passerelle::blob::WriteOptions writing;
  writing.feature_level = passerelle::passes::required_feature_level(converted->module);
  auto written = passerelle::blob::write(converted->module, writing, argv[2]);
  if (!written) return std::puts(written.error().message.c_str()), 1;
  return std::printf("%u operations\n", written->operations) > 0 ? 0 : 1;
}
