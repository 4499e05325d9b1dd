#include "pictures.h"

#include <jpeglib.h>
#include <png.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <csetjmp>
#include <cstdio>
#include <filesystem>
#include <memory>

namespace passerelle::calibration {
namespace {

constexpr unsigned largest_side = 1 << 15;

std::string extension(const std::string& path) {
  std::string result = std::filesystem::path(path).extension().string();
  std::transform(result.begin(), result.end(), result.begin(), [](unsigned char c) { return std::tolower(c); });
  return result;
}

Error unreadable(const std::string& path, const std::string& what) {
  return {ErrorKind::unreadable, path + ": " + what};
}

Expected<Picture> read_png(const std::string& path) {
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  if (!png_image_begin_read_from_file(&image, path.c_str()))
    return unreadable(path, "not a PNG picture that can be read: " + std::string(image.message));
  image.format = PNG_FORMAT_RGB;
  if (image.width > largest_side || image.height > largest_side) {
    png_image_free(&image);
    return unreadable(path, "larger than 32768 pixels");
  }
  std::vector<unsigned char> bytes(PNG_IMAGE_SIZE(image));
  const png_color background{255, 255, 255};
  if (!png_image_finish_read(&image, &background, bytes.data(), 0, nullptr))
    return unreadable(path, "damaged: " + std::string(image.message));
  return Picture{image.width, image.height, 3, {bytes.begin(), bytes.end()}};
}

/// libjpeg's errors don't return.
struct JpegFailure {
  jpeg_error_mgr manager;
  std::jmp_buf back;
  char message[JMSG_LENGTH_MAX];
};

void fail(j_common_ptr info) {
  auto* failure = reinterpret_cast<JpegFailure*>(info->err);
  info->err->format_message(info, failure->message);
  std::longjmp(failure->back, 1);
}

/// No object with a destructor is made between setjmp and what may jump there.
bool decode_jpeg(std::FILE* file, jpeg_decompress_struct& info, JpegFailure& failure, Picture& picture,
                 std::vector<unsigned char>& row) {
  if (setjmp(failure.back)) return false;
  jpeg_create_decompress(&info);
  jpeg_stdio_src(&info, file);
  jpeg_read_header(&info, TRUE);
  info.out_color_space = JCS_RGB;
  jpeg_start_decompress(&info);
  picture.width = info.output_width;
  picture.height = info.output_height;
  row.resize(size_t{3} * picture.width);
  picture.values.reserve(row.size() * picture.height);
  while (info.output_scanline < info.output_height) {
    unsigned char* begin = row.data();
    jpeg_read_scanlines(&info, &begin, 1);
    picture.values.insert(picture.values.end(), row.begin(), row.end());
  }
  jpeg_finish_decompress(&info);
  return true;
}

Expected<Picture> read_jpeg(const std::string& path) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rb"), &std::fclose);
  if (!file) return unreadable(path, "can't be opened");
  jpeg_decompress_struct info{};
  JpegFailure failure{};
  info.err = jpeg_std_error(&failure.manager);
  failure.manager.error_exit = fail;
  failure.manager.output_message = [](j_common_ptr) {};  // warnings of damaged data
  Picture picture;
  std::vector<unsigned char> row;
  const bool decoded = decode_jpeg(file.get(), info, failure, picture, row);
  jpeg_destroy_decompress(&info);
  if (!decoded) return unreadable(path, "not a JPEG picture that can be read: " + std::string(failure.message));
  return picture;
}

/// Along rows; columns are rows of the picture on its side.
Picture with_width(const Picture& picture, unsigned width) {
  Picture result{width, picture.height, picture.channels, {}};
  result.values.assign(size_t{width} * picture.height * picture.channels, 0);
  const double scale = double(picture.width) / width, reach = std::max(1.0, scale);
  for (unsigned x = 0; x < width; ++x) {
    const double centre = (x + 0.5) * scale;
    const auto begin = static_cast<unsigned>(std::max(0.0, std::floor(centre - reach)));
    const auto end = static_cast<unsigned>(std::min(double(picture.width), std::ceil(centre + reach)));
    std::vector<double> weights;
    double sum = 0;
    for (unsigned i = begin; i < end; ++i) {
      weights.push_back(std::max(0.0, 1 - std::abs(i + 0.5 - centre) / reach));
      sum += weights.back();
    }
    for (unsigned y = 0; y < picture.height; ++y)
      for (unsigned channel = 0; channel < picture.channels; ++channel) {
        double value = 0;
        for (unsigned i = begin; i < end; ++i)
          value += weights[i - begin] * picture.values[(size_t{y} * picture.width + i) * picture.channels + channel];
        result.values[(size_t{y} * width + x) * picture.channels + channel] = static_cast<float>(value / sum);
      }
  }
  return result;
}

Picture on_its_side(const Picture& picture) {
  Picture result{picture.height, picture.width, picture.channels, std::vector<float>(picture.values.size())};
  for (size_t y = 0; y < picture.height; ++y)
    for (size_t x = 0; x < picture.width; ++x)
      std::copy_n(&picture.values[(y * picture.width + x) * picture.channels], picture.channels,
                  &result.values[(x * picture.height + y) * picture.channels]);
  return result;
}

Picture fitted(const Picture& picture, unsigned width, unsigned height, const ImageOptions& options) {
  if (options.stretches) return resized(picture, width, height);
  // As small as it can be and still cover the input, or as asked for.
  double factor = std::max(double(width) / picture.width, double(height) / picture.height);
  if (options.shorter_side)
    factor = std::max(factor, double(*options.shorter_side) / std::min(picture.width, picture.height));
  const auto scaled = [&](unsigned size, unsigned least) {
    return std::max(least, static_cast<unsigned>(std::lround(size * factor)));
  };
  return centre_of(resized(picture, scaled(picture.width, width), scaled(picture.height, height)), width, height);
}

Picture grey(const Picture& picture) {
  Picture result{picture.width, picture.height, 1, {}};
  constexpr double red = 0.299, green = 0.587, blue = 0.114;  // ITU-R BT.601, as PIL and OpenCV
  for (size_t i = 0; i < picture.values.size(); i += 3)
    result.values.push_back(
        static_cast<float>(red * picture.values[i] + green * picture.values[i + 1] + blue * picture.values[i + 2]));
  return result;
}

graph::HostTensor tensor_of(const Picture& picture, const graph::Port& input, const ImageOptions& options) {
  graph::HostTensor tensor;
  tensor.type = input.element_type;
  tensor.shape = input.shape;
  const size_t pixels = size_t{picture.width} * picture.height;
  tensor.bytes.resize(pixels * picture.channels * graph::byte_size(tensor.type));
  for (size_t channel = 0; channel < picture.channels; ++channel) {
    const size_t from = options.is_bgr ? picture.channels - 1 - channel : channel;
    for (size_t i = 0; i < pixels; ++i) {
      const float value = picture.values[i * picture.channels + from];
      if (tensor.type == graph::ElementType::uint8)
        tensor.bytes[channel * pixels + i] = static_cast<unsigned char>(std::lround(value));
      else
        tensor.as<float>()[channel * pixels + i] =
            static_cast<float>((double{value} / 255 - options.mean[channel]) / options.deviation[channel]);
    }
  }
  return tensor;
}

}  // namespace

bool is_picture(const std::string& path) {
  const std::string kind = extension(path);
  return kind == ".png" || kind == ".jpg" || kind == ".jpeg";
}

Picture resized(const Picture& picture, unsigned width, unsigned height) {
  const Picture wide = width == picture.width ? picture : with_width(picture, width);
  return height == wide.height ? wide : on_its_side(with_width(on_its_side(wide), height));
}

Picture centre_of(const Picture& picture, unsigned width, unsigned height) {
  Picture result{width, height, picture.channels, {}};
  const size_t left = (picture.width - width) / 2, top = (picture.height - height) / 2;
  for (size_t y = top; y < top + height; ++y) {
    const auto row =
        picture.values.begin() + static_cast<std::ptrdiff_t>((y * picture.width + left) * picture.channels);
    result.values.insert(result.values.end(), row, row + static_cast<std::ptrdiff_t>(width * picture.channels));
  }
  return result;
}

Expected<graph::HostTensor> read_picture(const std::string& path, const graph::Port& input,
                                         const ImageOptions& options) {
  const graph::Shape& shape = input.shape;
  const bool takes_pictures =
      shape.size() == 4 && shape[0] == 1 && (shape[1] == 3 || shape[1] == 1) &&
      (input.element_type == graph::ElementType::float32 || input.element_type == graph::ElementType::uint8);
  if (!takes_pictures)
    return Error{ErrorKind::usage, path + " is a picture, and the input '" + input.name + "' is " +
                                       std::string(graph::name(input.element_type)) + " " + graph::to_string(shape) +
                                       ", not 1x3xHxW or 1x1xHxW of float32 or uint8: give samples as .npy files"};
  Expected<Picture> picture = extension(path) == ".png" ? read_png(path) : read_jpeg(path);
  if (!picture) return picture.error();
  const Picture fit = fitted(shape[1] == 1 ? grey(*picture) : *picture, shape[3], shape[2], options);
  return tensor_of(fit, input, options);
}

}  // namespace passerelle::calibration
