//! Lines on two logarithmic axes, as SVG.

use std::fmt::Write as _;

/// A line of a plot.
pub struct Series {
    pub name: &'static str,
    /// Both above zero.
    pub points: Vec<(f64, f64)>,
}

/// A plot of lines.
pub struct Plot {
    pub title: &'static str,
    pub x: &'static str,
    pub y: &'static str,
    pub series: Vec<Series>,
}

const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 420.0;
const LEFT: f64 = 70.0;
const RIGHT: f64 = 190.0;
const TOP: f64 = 40.0;
const BOTTOM: f64 = 50.0;

/// Told apart by those who see few colours as well.
const COLOURS: [&str; 8] = [
    "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000", "#7f7f7f",
];

/// The span of an axis, in powers of ten.
#[derive(Clone, Copy)]
struct Axis {
    low: f64,
    high: f64,
}

impl Axis {
    fn of(numbers: impl Iterator<Item = f64>) -> Self {
        let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
        for number in numbers {
            low = low.min(number.log10());
            high = high.max(number.log10());
        }
        Self {
            low: low.floor(),
            high: high.ceil().max(low.floor() + 1.0),
        }
    }

    /// Where on the axis, from 0 to 1.
    fn place(self, number: f64) -> f64 {
        (number.log10() - self.low) / (self.high - self.low)
    }

    fn ticks(self) -> impl Iterator<Item = i32> {
        self.low as i32..=self.high as i32
    }
}

impl Plot {
    pub fn svg(&self) -> String {
        let points = || self.series.iter().flat_map(|series| &series.points);
        let x_axis = Axis::of(points().map(|point| point.0));
        let y_axis = Axis::of(points().map(|point| point.1));
        let x = |number: f64| LEFT + x_axis.place(number) * (WIDTH - LEFT - RIGHT);
        let y = |number: f64| HEIGHT - BOTTOM - y_axis.place(number) * (HEIGHT - TOP - BOTTOM);

        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" \
             font-family=\"sans-serif\" font-size=\"12\">\n\
             <rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n\
             <text x=\"{LEFT}\" y=\"22\" font-size=\"15\">{}</text>\n",
            self.title
        );
        for power in x_axis.ticks() {
            let at = x(10_f64.powi(power));
            let _ = writeln!(
                svg,
                "<path d=\"M{at:.1} {TOP}V{}\" stroke=\"#ddd\"/>\
                 <text x=\"{at:.1}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
                HEIGHT - BOTTOM,
                HEIGHT - BOTTOM + 16.0,
                label(power),
            );
        }
        for power in y_axis.ticks() {
            let at = y(10_f64.powi(power));
            let _ = writeln!(
                svg,
                "<path d=\"M{LEFT} {at:.1}H{}\" stroke=\"#ddd\"/>\
                 <text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
                WIDTH - RIGHT,
                LEFT - 6.0,
                at + 4.0,
                label(power),
            );
        }
        let _ = writeln!(
            svg,
            "<text x=\"{:.1}\" y=\"{}\" text-anchor=\"middle\">{}</text>\
             <text transform=\"translate(16 {:.1}) rotate(-90)\" text-anchor=\"middle\">{}</text>",
            (LEFT + WIDTH - RIGHT) / 2.0,
            HEIGHT - 10.0,
            self.x,
            (TOP + HEIGHT - BOTTOM) / 2.0,
            self.y,
        );
        for (index, series) in self.series.iter().enumerate() {
            let colour = COLOURS[index % COLOURS.len()];
            let mut path = String::new();
            for &(at_x, at_y) in &series.points {
                let command = if path.is_empty() { 'M' } else { 'L' };
                let _ = write!(path, "{command}{:.1} {:.1}", x(at_x), y(at_y));
            }
            let row = TOP + 14.0 + 18.0 * index as f64;
            let _ = writeln!(
                svg,
                "<path d=\"{path}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>\
                 <path d=\"M{} {}h18\" stroke=\"{colour}\" stroke-width=\"2\"/>\
                 <text x=\"{}\" y=\"{row}\">{}</text>",
                WIDTH - RIGHT + 10.0,
                row - 4.0,
                WIDTH - RIGHT + 32.0,
                series.name,
            );
        }
        svg.push_str("</svg>\n");
        svg
    }
}

fn label(power: i32) -> String {
    match power {
        0..=5 => format!("{}", 10_u64.pow(power.unsigned_abs())),
        _ => format!("10^{power}"),
    }
}
