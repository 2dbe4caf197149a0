"""Everything a report says, in English; braces hold what is filled in after translating.

No other module of this package holds a word of a report, so this one is all a translator needs.
"""

from __future__ import annotations

from types import MappingProxyType


def _(text: str) -> str:
    """Return ``text``; a mark by which tools find what is to be translated."""
    return text


ESTIMATE = _("{estimate} ({low} to {high})")
RANGE = _("{low} to {high}")
MEDIAN = _("{median} (quartiles {low} to {high}; known for {n})")
COUNT_AND_SHARE = _("{n} ({share})")
TABLE = _("Table {number}. {caption}")
FIGURE = _("Figure {number}. {caption}")
FILL_IN_WHAT = _("Not known to the software: fill in {what}.")
NOTHING = _("There is nothing to show here: {why}")

TITLE = _("{study}: agreement of readers of 12-lead electrocardiograms")
SCOPE_STUDY = _("All data batches of the study")
SCOPE_BATCH = _("Batch: {batch}")
WRITTEN = _("Written on {day} by {software}")
WRITTEN_ON = _("Written on {day}")
REPORT_DIGEST = _("Digest of the inputs: {digest}")

METHODS = _("Methods")
DESIGN = _("Design")
SAMPLE = _("Exams")
READERS = _("Readers")
READING = _("Reading")
INCOMPLETE = _("Incomplete readings")
STATISTICS = _("Statistical analysis")
RESULTS = _("Results")
INCLUDED = _("Exams, readers and readings")
TOGETHER = _("Agreement on exams and over all classes")
BY_CLASS = _("Agreement by class")
SECONDARY = _("Secondary coefficients")
PAIRS = _("Pairs of readers")
REPEATED = _("Agreement of readers with themselves")
APPENDIX_GRRAS = _("Appendix A. GRRAS checklist")
APPENDIX_READERS = _("Appendix B. How much hangs on one reader")
APPENDIX_PAIRS = _("Appendix C. Every pair of readers, and readers with themselves")
APPENDIX_AGAIN = _("Appendix D. How to make this report again")
REFERENCES = _("References")

# Methods

CLASSES = _(
    "In each 12-lead electrocardiogram (exam) readers stated which of {n} diagnostic classes are "
    "present. A class that was not marked counts as absent, unless the reader said that the exam "
    "does not allow it to be assessed."
)
TAXONOMY = _("The classes are those of {taxonomy}, version {version}.")
SAMPLE_SIZE = _("how the number of exams and of readers was chosen")
SAMPLING = _("how the exams were sampled, and from which population")
BACKGROUND = _("the training and experience of the readers")
PATIENT_GAP = _("Exams of one patient were to be at least {n} other exams apart where possible.")
ORDER = _(
    "Each reader met the exams in a random order of their own, derived from a secret seed that "
    "was fixed before the first reading."
)
INDEPENDENT = _(
    "Readers worked independently: the software gave no reader the readings of another, their "
    "progress, or any figure computed from them."
)
RESULTS_OPEN = MappingProxyType(
    {
        "live": _(
            "By the protocol, agreement is visible during reading to people who do not read."
        ),
        "batch_closed": _(
            "By the protocol, agreement and readings become visible when a batch is closed."
        ),
        "study_locked": _(
            "By the protocol, agreement and readings become visible when the study is locked."
        ),
    }
)
CLINICAL = MappingProxyType(
    {
        "none": _("Readers were told nothing about the patient."),
        "age_and_sex": _("Readers were told the patient's age and sex, and nothing else."),
        "full": _("Readers were told the clinical information that came with the exam."),
    }
)
PRIOR = MappingProxyType(
    {
        "hidden": _("Earlier exams of the same patient were not shown."),
        "shown": _("The same patient's exam before this one was shown where there was one."),
    }
)
UNDO = _(
    "A reader could correct a submission for {n} seconds; the correction supersedes the first "
    "reading, which is kept but not counted."
)
BLINDING = _("whether readers worked independently of each other")
DISPLAYED = _("how the tracings were displayed")
EXCLUSIONS = _(
    "A reading that found the exam unreadable, or in which the reader abstained, says nothing "
    "about any class and is left out. A class that the reader could not assess is missing for "
    "that reader, exam and class only. Each class is compared over the exams for which at least "
    "two readers gave an answer; readings of one reader alone count in no coefficient."
)
HEADLINE = _(
    "For each class the report gives positive agreement, the probability that a second reader "
    "gives the class when a first one does {specific}, beside {kappa}, and Krippendorff's alpha "
    "{alpha}, which corrects for chance and admits missing readings. Raw counts stand beside "
    "every estimate."
)
KAPPA_COHEN = _("Cohen's kappa {cohen}")
KAPPA_LIGHT = _("Light's kappa, the mean of Cohen's kappas of the pairs of readers {light}")
KAPPA_FLEISS = _("Fleiss' kappa {fleiss}, generalised to numbers of readers that differ")
PARADOX = _(
    "Percent agreement, Gwet's AC1 {gwet} and the prevalence- and bias-adjusted kappa (PABAK) "
    "{pabak} approach 1 for rare classes whatever the readers do, and kappa falls when a class "
    "is very rare or very common {paradox}; they are secondary and are never to be read alone."
)
ON_EXAMS = _(
    "Agreement on an exam as a whole is the share of exams whose readers all gave the same set of "
    "classes, and the mean Jaccard index {jaccard} of the sets of two readers. The mean over "
    "classes weighs every class alike; the pooled coefficient treats all answers to all classes "
    "as answers about one class."
)
BOOTSTRAP = _(
    "Intervals of {confidence} are percentiles of {n} bootstrap replicates {bootstrap}, as "
    "recommended for nominal data {zapf}."
)
UNIT_EXAM = _(
    "Exams were resampled; means over classes have basic bootstrap intervals, for which all "
    "classes of an exam were drawn together."
)
UNIT_PATIENT = _(
    "Patients were resampled with all their exams {clusters}; means over classes have basic "
    "bootstrap intervals, for which all classes were drawn together. Intervals of pairs of "
    "readers, and of classes of which few exams tell, are those of so many times fewer exams as "
    "the design effect of patients says {effect}; repeated readings have none."
)
POSTERIOR = _(
    "Where fewer than {rare} exams are given a class by all readers, by none, or by some, the "
    "bootstrap claims too much; there the interval is that of a Dirichlet posterior with "
    "Jeffreys' prior {jeffreys}."
)
NO_INTERVALS = _("Intervals were not computed.")
PAIR_STATISTICS = _(
    "Pairs of readers are compared by Cohen's kappa {cohen}, with the maximum that their shares "
    "allow, and by the exact test of McNemar {mcnemar}."
)
LEAVE_ONE_OUT = _(
    "The range of a coefficient over the studies without one of the readers shows how much "
    "hangs on a single one of them."
)
UNDEFINED = _(
    "A coefficient without a meaning, as when no reader gave the class, is reported as undefined "
    "with the reason, and never as 0 or 1."
)
GUIDELINE = _("The report follows the guideline for studies of agreement (GRRAS) {grras}.")
SOFTWARE = _("Computed by {software}.")

# Results

DATES = _("Readings were submitted from {first} to {last}.")
FLOW = _("Exams, readers and readings")
QUANTITY = _("Quantity")
NUMBER = _("Number")
EXAMS_IN_STUDY = _("Exams in the study")
PATIENTS = _("Patients")
EXAMS_READ = _("Exams read at least once")
EXAMS_COMPARED = _("Exams read by two readers or more")
READERS_N = _("Readers")
CLASSES_N = _("Classes")
ASSIGNED = _("Readings assigned")
SUBMITTED = _("Readings submitted")
UNREADABLE = _("of these: exam unreadable")
ABSTAINED = _("of these: reader abstained")
SECOND_TIME = _("of these: hidden repeats")
COMPARED = _("Readings that say something about classes")
NOT_ASSESSABLE = _("Answers that a class could not be assessed")
CORRECTED = _("Submissions superseded by a correction")
CHARACTERISTICS = _("Characteristics of exams and readers")
CHARACTERISTIC = _("Characteristic")
VALUE = _("Value")
AGE = _("Age of the patients, years")
SEX = _("Sex: {name}")
DATASET = _("Data set: {name}")
LEVEL = _("Readers: {name}")
EXAMS_EACH = _("Exams read by each reader")
SETS_SAME = _("Exams on which all readers gave the same set of classes")
JACCARD = _("Mean Jaccard index of two readers")
TOGETHER_TABLE = _("Agreement on exams as a whole, and over all classes; intervals of {confidence}")
TOGETHER_PLAIN = _("Agreement on exams as a whole, and over all classes")
MEASURE = _("Measure")
MEAN = _("Mean over classes")
DEFINED = _("Classes with a value")
OF = _("{n} of {total}")
POOLED = _("All answers pooled")
EXAMS_AS_A_WHOLE = _(
    "All readers of an exam gave the same set of classes in {same} of the exams that two readers "
    "or more have read; the mean Jaccard index of the sets of two readers was {overlap}."
)
MEAN_OVER_CLASSES = _(
    "The mean over the classes that have a value was {positive} for positive agreement and "
    "{alpha} for Krippendorff's alpha."
)
CLASS = _("Class")
EXAMS = _("Exams")
GIVEN_BY_ANY = _("Given by any")
GIVEN_BY_ALL = _("Given by all")
DISPUTED = _("Disputed")
CLASS_TABLE = _("Agreement by class; intervals of {confidence}")
CLASS_TABLE_PLAIN = _("Agreement by class")
COLUMNS_NOTE = _(
    "Exams: read by two readers or more who could assess the class. Given by any, by all: exams "
    "in which at least one, or every, reader gave the class. Disputed: the difference."
)
SECONDARY_TABLE = _("Secondary coefficients by class; intervals of {confidence}")
SECONDARY_PLAIN = _("Secondary coefficients by class")
POSTERIOR_MARK = "{name}\u00a0*"
POSTERIOR_NOTE = _(
    "* Interval of a Dirichlet posterior: the class is given, withheld or disputed in fewer than "
    "{rare} exams."
)
RARE_WARNING = _(
    "Rare classes (number: {n}): fewer than {rare} exams in which any reader gave them. Their "
    "intervals are wide, percent agreement, AC1 and PABAK say nothing about them, and the raw "
    "counts are to be read first."
)
UNDEFINED_WARNING = _("Undefined results (number of classes: {n}) are explained below the table.")
REASON_NOTE = _("{mark} {reason}")
NO_CLASSES = _("The report has no classes.")
NO_PAIRS = _("No two readers have an exam in common.")
CAPTION_FOREST = _(
    "{measure} of each class with its interval, in the order of the estimates. Filled: bootstrap; "
    "open: Dirichlet posterior, few informative exams. Dashed: agreement by chance. Lowest line: "
    "mean of the classes that have a value."
)
CAPTION_FOREST_PLAIN = _("{measure} of each class, in the order of the estimates.")
ALT_FOREST = _(
    "Forest plot of {measure}: {n} classes. The numbers are in the table of the section."
)
CAPTION_MATRIX = _(
    "Cohen's kappa of pairs of readers, the answers to all classes pooled. Below the diagonal: "
    "kappa. Above it: exams in common. On it: kappa of a reader with themselves."
)
CAPTION_MATRIX_LARGE = _(
    "Cohen's kappa of pairs of readers, the answers to all classes pooled; on the diagonal kappa "
    "of a reader with themselves."
)
COMMON = _("Pairs of readers with exams in common: {n}; exams in common: {low} to {high}.")
ALT_MATRIX = _("Heat map of Cohen's kappa of pairs of readers: {n} readers.")
PAIRS_TABLE = _("Pairs of readers by class; intervals of {confidence}")
PAIRS_TABLE_PLAIN = _("Pairs of readers by class")
PAIR = _("Readers")
PAIR_NAMES = _("{first} / {second}")
BOTH = _("Both")
FIRST_ONLY = _("First only")
SECOND_ONLY = _("Second only")
NEITHER = _("Neither")
PAIRS_NOTE = _(
    "Both, first only, second only, neither: exams by who of the two gave the class. Classes that "
    "neither reader of a pair ever gave are left out."
)
NEVER_TOGETHER = _("No reader of a pair gave any class.")
PAIRS_ELSEWHERE = _("Pairs of readers stand in the CSV and JSON files of the report.")
TOO_MANY_LINES = _(
    "The table has {n} lines and is left to the CSV and JSON files of the report, where every pair "
    "and class stands with counts and intervals."
)
REPEATS_TABLE = _("Readers with themselves, exams read twice; intervals of {confidence}")
REPEATS_PLAIN = _("Readers with themselves, exams read twice")
READER = _("Reader")
TWICE = _("Both times")
FIRST_TIME = _("First time only")
SECOND_TIME_ONLY = _("Second time only")
NO_TIME = _("Neither time")
REPEATS_NOTE = _("Classes that a reader gave in neither reading of any exam are left out.")
TWICE_READ = _(
    "Number of readers who read exams a second time: {n}; exams that one of them read twice: {low} "
    "to {high}. The diagonal of the figure above has their kappas over all classes, appendix C "
    "every class."
)
NOBODY_TWICE = _("No reader read an exam twice.")
RANGE_TABLE = _("Range of the coefficients when one reader is left out")
RANGE_NOTE = _("A dash: without one of the readers the coefficient is undefined.")
FEW_READERS = _("Three readers are needed to leave one out.")

# How to make it again

SETTING = _("Setting")
SOFTWARE_NAME = _("Software")
REPORT_VERSION = _("Version of the computation")
DIGEST_NAME = _("Digest of the inputs (SHA-256)")
PROTOCOL_NAME = _("Protocol version")
PROTOCOL_DIGEST = _("Digest of the protocol (SHA-256)")
TAXONOMY_NAME = _("List of classes")
CONFIDENCE_NAME = _("Confidence of the intervals")
REPLICATES_NAME = _("Replicates")
SEED_NAME = _("Seed of the random numbers")
UNIT_NAME = _("Resampled unit")
UNITS = MappingProxyType({"exam": _("exam"), "patient": _("patient")})
AGAIN_TABLE = _("What the numbers depend on")

# Coefficients, long and short

MEASURES = MappingProxyType(
    {
        "prevalence": _("Share of readings that give the class"),
        "percent_agreement": _("Percent agreement"),
        "positive_agreement": _("Positive agreement"),
        "negative_agreement": _("Negative agreement"),
        "cohen_kappa": _("Cohen's kappa"),
        "cohen_kappa_max": _("Maximum kappa"),
        "light_kappa": _("Light's kappa"),
        "conger_kappa": _("Conger's kappa"),
        "fleiss_kappa": _("Fleiss' kappa"),
        "scott_pi": _("Scott's pi"),
        "krippendorff_alpha": _("Krippendorff's alpha"),
        "gwet_ac1": _("Gwet's AC1"),
        "pabak": _("PABAK"),
        "prevalence_index": _("Prevalence index"),
        "bias_index": _("Bias index"),
        "mcnemar_p": _("McNemar's p"),
    }
)

# Figures

INTERVAL = _("Estimate and interval")
CHANCE = _("agreement by chance")
BY_BOOTSTRAP = _("bootstrap")
BY_POSTERIOR = _("Dirichlet posterior (few informative exams)")
WITHOUT_INTERVAL = _("no interval")
NOT_DEFINED = _("not defined")
MEAN_OF = _("Mean of classes ({n} of {total})")
POOLED_OF = _("All classes")
MATRIX_TITLE = _("Cohen's kappa: {name}")
NOT_IN_COMMON = _("no exam in common")
TOO_FEW = _("undefined")
COMMON_EXAMS = _("{first}, {second}: {kappa}; exams in common: {n}")
SELF_EXAMS = _("{first}: {kappa}; exams read twice: {n}")
